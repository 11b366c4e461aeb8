//! What is asked question by question.

use super::*;

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
