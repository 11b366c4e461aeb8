//! The command line over a real store, with answers piped in.

use std::io::Cursor;

use clap::Parser;
use sync_core::id::Role;

use super::*;
use crate::cli::{Context, Lang};
use crate::field::FieldError;
use crate::field::command::{Args, dispatch};

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    field: Args,
}

async fn run_with(world: &World, answers: &str, line: &[&str]) -> Result<String, FieldError> {
    let store = world.store("guard-a").display().to_string();
    let start = ["field", "--store", &store, "--wait", "0"];
    let line = start.iter().chain(line);
    let args = Line::try_parse_from(line).expect("the line parses").field;
    let context =
        Context { config: world.app.config.clone(), lang: Lang::Vi, clock: world.clock.clone() as Arc<dyn Clock> };
    let (mut answers, mut screen) = (Cursor::new(answers.as_bytes()), Vec::new());
    dispatch(args, &context, &mut answers, &mut screen).await?;
    Ok(String::from_utf8(screen).expect("text"))
}

async fn run(world: &World, line: &[&str]) -> Result<String, FieldError> {
    run_with(world, "", line).await
}

async fn enrolled() -> Result<World, Failure> {
    let world = World::new().await?;
    let code = world.code("guard-a", Role::Guard, &[AREA]).await?;
    let said = run(&world, &["enrol", "--server", &world.address, "--code", &code]).await?;
    assert!(said.contains("Đã đăng ký thiết bị") && said.contains("Hoành Mô"), "{said}");
    Ok(world)
}

/// A village of the area whose name without marks names it alone.
async fn village(world: &World) -> Result<(String, String), Failure> {
    let field = world.open("guard-a").await?;
    let catalogue = field.reference();
    let scope = catalogue.scope_of([AREA]);
    let alone = catalogue.villages_of(AREA).find_map(|village| {
        let typed = sync_core::fold::fold(&village.name);
        (catalogue.find_villages(&typed, Some(&scope), 9).len() == 1).then(|| (typed, village.name.clone()))
    });
    Ok(alone.ok_or("a village")?)
}

#[tokio::test]
async fn a_session_is_recorded_by_flags_listed_shown_edited_voided_and_synced() -> Result<(), Failure> {
    let world = enrolled().await?;
    let (typed, name) = village(&world).await?;
    let said = run(
        &world,
        &[
            "record",
            "--date",
            "20/09/2026",
            "--village",
            &typed,
            "--attendances",
            "1.042",
            "--women",
            "20",
            "--format",
            "hop thon",
            "--topic",
            "tricks,hotline",
            "--material",
            "leaflet=30",
            "--note",
            "gọi 0912 345 678",
        ],
    )
    .await?;
    assert!(said.contains("Đã ghi trên thiết bị này: #1") && said.contains("Cảnh báo"), "{said}");
    let said = run(&world, &["show", "1"]).await?;
    for part in [name.as_str(), "20/09/2026", "Lượt người nghe: 1.042", "Tờ rơi 30", "Chỉ có ở đây", "Chưa duyệt"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    run(&world, &["edit", "1", "--note", "Bà con hỏi nhiều", "--clear", "women"]).await?;
    let said = run(&world, &["sync"]).await?;
    assert!(said.contains("Đã đồng bộ"), "{said}");
    let said = run(&world, &["list"]).await?;
    assert!(said.contains("Máy chủ đã nhận") && said.contains("1 buổi / 1.042 lượt người"), "{said}");
    run(&world, &["void", "1", "--reason", "ghi nhầm"]).await?;
    assert!(run(&world, &["list"]).await?.contains("Chưa có bản ghi nào"));
    let listed: serde_json::Value = serde_json::from_str(&run(&world, &["list", "--void", "--json"]).await?)?;
    assert_eq!(listed[0]["void"], true);
    assert_eq!(listed[0]["standing"], "here");
    let status: serde_json::Value = serde_json::from_str(&run(&world, &["status", "--json"]).await?)?;
    assert_eq!((&status["only_here"], &status["stored"]), (&1.into(), &2.into()));
    Ok(())
}

#[tokio::test]
async fn questions_are_asked_until_the_answer_is_accepted() -> Result<(), Failure> {
    let world = enrolled().await?;
    let (typed, name) = village(&world).await?;
    // Date kept, village first unknown, then found; format listed, then by number; a wrong count asked again.
    let answers = format!(
        "\nkhông có ở đâu\n{typed}\n19:30\n\n\n?\n1\nlồng ghép\ntricks\n\nba mươi\n30\n12\n\n\n\n\nleaflet=25\n\n\n\n\n\n\n\n\nĐường trơn\nc\n"
    );
    let said = run_with(&world, &answers, &["record"]).await?;
    assert!(said.contains("Không ghi họ tên"), "{said}");
    assert!(said.contains("Không có trong danh mục"), "{said}");
    assert!(said.contains(&format!("→ thôn {name}")) || said.contains(&format!("{name}, Xã Hoành Mô")), "{said}");
    assert!(said.contains("“ba mươi” chưa đúng; hãy nhập: số nguyên") && !said.contains("--"), "{said}");
    assert!(said.contains("Đã ghi trên thiết bị này"), "{said}");
    let said = run(&world, &["show", "1"]).await?;
    for part in [name.as_str(), "19:30", "Lượt người nghe: 30", "Tờ rơi 25", "Đường trơn", "lồng ghép"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = run_with(&world, "", &["record"]).await?;
    assert!(said.contains("Chưa ghi gì"), "answers that end record nothing: {said}");
    Ok(())
}

#[tokio::test]
async fn an_error_names_the_flag_and_what_is_accepted_in_both_languages() -> Result<(), Failure> {
    let world = enrolled().await?;
    let (typed, _) = village(&world).await?;
    for (line, flag, accepted) in [
        (vec!["record", "--village", &typed, "--format", "xyzzy"], "--format", "village_meeting"),
        (vec!["record", "--village", &typed, "--date", "31/02/2026"], "--date", "dd/mm/yyyy"),
        (vec!["record", "--village", &typed, "--attendances", "-1"], "--attendances", "1.000.000"),
        (vec!["record", "--village", "không đâu"], "--village", "name:"),
        (vec!["record", "--village", &typed, "--material", "leaflet"], "--material", "leaflet=30"),
        (vec!["record", "--village", &typed, "--attendances", "5", "--women", "6"], "women", "tổng"),
        (vec!["show", "77"], "77", "field list"),
        (vec!["list", "--kind", "house"], "--kind", "panel_check"),
    ] {
        let error = run(&world, &line).await.expect_err("refused");
        let (vi, en) = (error.text(Lang::Vi), error.text(Lang::En));
        assert!(vi.contains(flag) && en.contains(flag), "{vi} | {en}");
        assert!(vi.contains(accepted), "{accepted}: {vi}");
        assert!(!en.is_empty() && vi != en || line[0] == "list", "{vi} | {en}");
    }
    assert!(run(&world, &["list"]).await?.contains("Chưa có bản ghi nào"), "nothing was recorded");
    Ok(())
}

#[tokio::test]
async fn a_panel_check_is_recorded_by_words_of_its_site() -> Result<(), Failure> {
    let world = enrolled().await?;
    let said = run(&world, &["panel", "--site", "hoanh mo", "--condition", "faded", "--hotline-wrong"]).await?;
    assert!(said.contains("Đã ghi trên thiết bị này"), "{said}");
    let said = run(&world, &["show", "1"]).await?;
    assert!(said.contains("Pano") && said.contains("có"), "{said}");
    Ok(())
}

/// Answers for every question of a session in its order; `tail` goes on after the note.
fn answers(parts: &[(&str, &str)], tail: &str) -> String {
    let asked = [
        "date",
        "village",
        "start",
        "duration",
        "place_kind",
        "format",
        "setting",
        "topic",
        "language",
        "attendances",
        "women",
        "under_16",
        "minority",
        "count_basis",
        "households",
        "material",
        "pledges",
        "broadcasts",
        "broadcast_minutes",
        "lead_unit",
        "partner",
        "team",
        "hotline",
        "difficulty",
        "note",
    ];
    let of = |key: &str| parts.iter().find(|(of, _)| *of == key).map_or("", |(_, answer)| *answer);
    let counted = !of("attendances").is_empty();
    let is_asked = |key: &&&str| counted || !["women", "under_16", "minority", "count_basis"].contains(*key);
    asked.iter().filter(is_asked).map(|key| of(key)).collect::<Vec<_>>().join("\n") + "\n" + tail
}

#[tokio::test]
async fn a_part_above_the_total_is_asked_again_and_nothing_typed_is_lost() -> Result<(), Failure> {
    let world = enrolled().await?;
    let (typed, _) = village(&world).await?;
    let given = answers(
        &[("village", &typed), ("attendances", "20"), ("women", "25\n12"), ("note", "Đường trơn")],
        "luot nguoi nghe\n5\n3\nc\n",
    );
    let said = run_with(&world, &given, &["record"]).await?;
    assert!(said.contains("“25” chưa đúng; hãy nhập: số không lớn hơn lượt người nghe (20)"), "{said}");
    // The total was then lowered below a part: the part is asked again.
    assert!(said.contains("Trong đó: nữ: không được lớn hơn tổng số lượt người nghe"), "{said}");
    assert!(said.contains("Đã ghi trên thiết bị này"), "{said}");
    let said = run(&world, &["show", "1"]).await?;
    for part in ["Lượt người nghe: 5", "trong đó: nữ: 3", "Đường trơn"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn the_commune_is_asked_when_the_village_does_not_tell() -> Result<(), Failure> {
    let world = World::new().await?;
    let other = AreaId { generation: 2025, code: 6838 };
    let code = world.code("guard-a", Role::Guard, &[AREA, other]).await?;
    run(&world, &["enrol", "--server", &world.address, "--code", &code]).await?;
    let given = answers(&[("village", "name:Chợ phiên Đồng Văn\n?\n1")], "c\n");
    let said = run_with(&world, &given, &["record"]).await?;
    assert!(said.contains("2. Xã Hoành Mô (2025-06841)"), "{said}");
    assert!(said.contains("Đã ghi trên thiết bị này") && said.contains("Xã Bình Liêu"), "{said}");
    Ok(())
}

#[tokio::test]
async fn answers_of_a_session_that_was_not_finished_are_offered_again() -> Result<(), Failure> {
    let world = enrolled().await?;
    let (typed, name) = village(&world).await?;
    let said = run_with(&world, &format!("\n{typed}\n19h30\n"), &["record"]).await?;
    assert!(said.contains("Các câu trả lời được giữ lại"), "{said}");
    assert!(run(&world, &["list"]).await?.contains("Chưa có bản ghi nào"));
    let rest = format!("c\n{}c\n", "\n".repeat(18));
    let said = run_with(&world, &rest, &["record"]).await?;
    assert!(said.contains("Có một buổi đang ghi dở (3 mục)"), "{said}");
    assert!(said.contains("Đã ghi trên thiết bị này"), "{said}");
    let said = run(&world, &["show", "1"]).await?;
    assert!(said.contains(&name) && said.contains("19:30"), "{said}");
    let said = run_with(&world, "", &["record"]).await?;
    assert!(!said.contains("đang ghi dở"), "a recorded session is not offered again: {said}");
    Ok(())
}

#[tokio::test]
async fn every_question_tells_what_it_accepts() -> Result<(), Failure> {
    let world = enrolled().await?;
    let (typed, _) = village(&world).await?;
    let ask = |answer: &'static str| format!("?\n{answer}");
    let (date, start, women) = (ask(""), ask(""), ask(""));
    let village = format!("?\n{typed}");
    let given = answers(
        &[
            ("date", &date),
            ("village", &village),
            ("start", &start),
            ("setting", "?\n2"),
            ("attendances", "30"),
            ("women", &women),
            ("count_basis", "?\n1"),
            ("team", "?\nborder_guard=3"),
        ],
        "c\n",
    );
    let said = run_with(&world, &given, &["record"]).await?;
    for part in ["hôm qua", "19h30", "2. lồng ghép", "từ 0 đến 1.000.000", "1. đếm trực tiếp", "1=30, 2=5", "nơi nữa"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = run(&world, &["show", "1"]).await?;
    assert!(said.contains("lồng ghép") && said.contains("đếm trực tiếp"), "{said}");
    Ok(())
}

#[tokio::test]
async fn what_was_chosen_is_offered_next_time_by_its_name_and_can_be_left_empty() -> Result<(), Failure> {
    let world = enrolled().await?;
    let (typed, name) = village(&world).await?;
    run(&world, &["record", "--village", &typed, "--date", "20/09/2026", "--format", "hop thon"]).await?;
    let said = run_with(&world, &answers(&[("format", "-")], "c\n"), &["record"]).await?;
    assert!(said.contains(&format!("{name}, Xã Hoành Mô]")), "{said}");
    let said = run(&world, &["show", "2"]).await?;
    assert!(said.contains(&name) && !said.contains("Hình thức"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_note_that_looks_like_an_identity_is_typed_again_before_anything_is_recorded() -> Result<(), Failure> {
    let world = enrolled().await?;
    let (typed, _) = village(&world).await?;
    let given = answers(&[("village", &typed), ("note", "gọi 0912 345 678\nBà con hỏi nhiều")], "c\n");
    let said = run_with(&world, &given, &["record"]).await?;
    assert!(said.contains("Cảnh báo") && !said.contains("field edit"), "{said}");
    let said = run(&world, &["show", "1"]).await?;
    assert!(said.contains("Bà con hỏi nhiều") && !said.contains("0912"), "{said}");
    Ok(())
}

#[tokio::test]
async fn an_area_that_is_not_the_persons_or_does_not_exist_is_refused() -> Result<(), Failure> {
    let world = enrolled().await?;
    let (typed, _) = village(&world).await?;
    for area in ["2025-99999", "2025-06709", "Móng Cái"] {
        let error = run(&world, &["record", "--village", &typed, "--area", area]).await.expect_err(area);
        let text = error.text(Lang::Vi);
        assert!(text.contains("--area") && text.contains("2025-06841 (Xã Hoành Mô)"), "{text}");
    }
    let said = run(&world, &["record", "--village", &typed, "--area", "hoanh mo"]).await?;
    assert!(said.contains("Xã Hoành Mô"), "{said}");
    assert!(run(&world, &["list", "--area", "hoanh mo"]).await?.contains("1 buổi"));
    assert!(run(&world, &["list", "--area", "2025-06838"]).await?.contains("Chưa có bản ghi nào"));
    Ok(())
}

#[tokio::test]
async fn a_guard_neither_reviews_nor_corrects_other_peoples_material() -> Result<(), Failure> {
    let world = enrolled().await?;
    let (typed, _) = village(&world).await?;
    run(&world, &["record", "--village", &typed]).await?;
    for line in [&["review", "confirm", "1"][..], &["edit", "1", "--material-of", "leaflet/99=3"]] {
        let text = run(&world, line).await.expect_err("refused").text(Lang::Vi);
        assert!(text.contains("chỉ cán bộ xã và điều phối viên") && text.contains("chiến sĩ biên phòng"), "{text}");
    }
    assert!(run(&world, &["list", "--kind", "review"]).await?.contains("Chưa có bản ghi nào"));
    Ok(())
}

#[tokio::test]
async fn a_day_that_has_not_come_needs_a_second_word() -> Result<(), Failure> {
    let world = enrolled().await?;
    let (typed, _) = village(&world).await?;
    let record = ["record", "--village", &typed, "--date", "25/11/2062"];
    let text = run(&world, &record).await.expect_err("refused").text(Lang::Vi);
    assert!(text.contains("25/11/2062 là ngày chưa tới") && text.contains("--date-anyway"), "{text}");
    let given = answers(&[("date", "25/11/2062\n20/09/2026"), ("village", &typed)], "c\n");
    let said = run_with(&world, &given, &["record"]).await?;
    assert!(said.contains("đồng hồ của máy đang chỉ 21/09/2026"));
    let insisted = answers(&[("date", "25/11/2062\n25/11/2062"), ("village", &typed)], "k\n");
    assert!(run_with(&world, &insisted, &["record"]).await?.contains("Chưa ghi gì"));
    run(&world, &[&record[..], &["--date-anyway"]].concat()).await?;
    assert!(run(&world, &["list"]).await?.contains("25/11/2062"));
    Ok(())
}

#[tokio::test]
async fn times_are_taken_as_people_write_them() -> Result<(), Failure> {
    let world = enrolled().await?;
    let (typed, _) = village(&world).await?;
    for (number, (start, shown)) in
        [("19h30", "19:30"), ("7h", "07:00"), ("19 giờ 05", "19:05"), ("8:5", "08:05")].into_iter().enumerate()
    {
        run(&world, &["record", "--village", &typed, "--start", start]).await?;
        let said = run(&world, &["show", &(number + 1).to_string()]).await?;
        assert!(said.contains(&format!("Giờ bắt đầu: {shown}")), "{start}: {said}");
    }
    for wrong in ["25h", "19h75", "tối", "h30"] {
        let text = run(&world, &["record", "--village", &typed, "--start", wrong]).await.expect_err(wrong);
        assert!(text.text(Lang::Vi).contains("HH:MM"), "{wrong}");
    }
    Ok(())
}

#[tokio::test]
async fn errors_are_whole_sentences_in_vietnamese_that_name_the_field() -> Result<(), Failure> {
    let world = enrolled().await?;
    let (typed, _) = village(&world).await?;
    run(&world, &["record", "--village", &typed, "--attendances", "5"]).await?;
    for (line, said) in [
        (
            vec!["record", "--village", &typed, "--attendances", "5", "--women", "6"],
            "trong đó: nữ (--women): không được lớn hơn tổng số lượt người nghe",
        ),
        (
            vec!["resolve", "1", "--field", "attendances", "--value", "5"],
            "Lượt người nghe (--attendances): mục này không có nhiều giá trị khác nhau để chọn; \
             bản ghi này không có mục nào",
        ),
        (
            vec!["record", "--village", &typed, "--date", "01/01/1990"],
            "“01/01/1990” chưa đúng; hãy nhập: ngày có thật, từ 01/01/2000",
        ),
        (vec!["record", "--village", &typed, "--team", "border_guard"], "border_guard=3"),
    ] {
        let text = run(&world, &line).await.expect_err("refused").text(Lang::Vi);
        assert!(text.contains(said), "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn an_existing_file_is_not_written_over() -> Result<(), Failure> {
    let world = enrolled().await?;
    let (typed, _) = village(&world).await?;
    run(&world, &["record", "--village", &typed]).await?;
    let (file, out) = (world.store("a.age").display().to_string(), world.store("out").display().to_string());
    run(&world, &["export", &file]).await?;
    let before = std::fs::read(&file)?;
    for line in [&["export", &file][..], &["carry", &file, "--out", &file]] {
        let text = run(&world, line).await.expect_err("refused").text(Lang::Vi);
        assert!(text.contains("không bị ghi đè") && text.contains("a.age"), "{text}");
    }
    assert_eq!(std::fs::read(&file)?, before);
    run(&world, &["carry", &file, "--out", &out]).await?;
    Ok(())
}

#[tokio::test]
async fn an_unencrypted_address_of_another_machine_is_refused_unless_allowed() -> Result<(), Failure> {
    let world = World::new().await?;
    let code = world.code("guard-a", Role::Guard, &[AREA]).await?;
    let line = ["enrol", "--server", "http://192.0.2.7:1", "--code", &code];
    let text = run(&world, &line).await.expect_err("refused").text(Lang::Vi);
    assert!(text.contains("không mã hóa đường truyền") && text.contains("--allow-http"), "{text}");
    assert!(!world.store("guard-a").exists(), "nothing was made");
    for here in ["http://localhost:1", "http://[::1]:1", "http://127.0.0.2:1"] {
        let error = run(&world, &["enrol", "--server", here, "--code", "AAAA-AAAA-AA"]).await.expect_err("a bad code");
        assert!(error.text(Lang::Vi).contains("--code"), "{here}");
    }
    Ok(())
}

#[tokio::test]
async fn a_bad_code_leaves_the_directory_as_it_is() -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new().await?;
    let directory = world.store("guard-a");
    std::fs::create_dir(&directory)?;
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755))?;
    run(&world, &["enrol", "--server", &world.address, "--code", "XXXX"]).await.expect_err("a bad code");
    assert!(std::fs::read_dir(&directory)?.next().is_none(), "nothing was made");
    let code = world.code("guard-a", Role::Guard, &[AREA]).await?;
    run(&world, &["enrol", "--server", &world.address, "--code", &code]).await?;
    assert_eq!(std::fs::metadata(&directory)?.permissions().mode() & 0o777, 0o755, "it was there before");
    Ok(())
}
