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
    assert!(said.contains("--attendances: không chấp nhận"), "{said}");
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
