//! What is recorded by flags.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::*;

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
async fn a_panel_check_is_recorded_by_words_of_its_site() -> Result<(), Failure> {
    let world = enrolled().await?;
    let said = run(&world, &["panel", "--site", "hoanh mo", "--condition", "faded", "--hotline-wrong"]).await?;
    assert!(said.contains("Đã ghi trên thiết bị này"), "{said}");
    let said = run(&world, &["show", "1"]).await?;
    assert!(said.contains("Pano") && said.contains("có"), "{said}");
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
async fn a_village_list_that_an_enrolment_cut_short_left_out_comes_with_the_next_record() -> Result<(), Failure> {
    let mut world = enrolled().await?;
    let (typed, name) = village(&world).await?;
    // As a device killed between its certificate and the list leaves its store.
    let store = SqliteConnectOptions::new().filename(world.store("guard-a").join("store.sqlite"));
    let mut connection = store.connect().await?;
    sqlx::query("delete from meta where key like 'reference%'").execute(&mut connection).await?;
    connection.close().await?;
    world.stop().await;
    let error = run(&world, &["record", "--village", &typed]).await.expect_err("no list, and nobody to ask for one");
    assert!(error.text(Lang::Vi).contains("--village"), "{error:?}");
    let said = run(&world, &["record", "--village", "name:Khe Mọi"]).await?;
    assert!(said.contains("Đã ghi trên thiết bị này"), "{said}");
    world.start().await?;
    let mut field = world.open("guard-a").await?;
    field.move_server(&world.address).await?;
    field.close().await?;
    let said = run(&world, &["record", "--village", &typed]).await?;
    assert!(said.contains("Đã ghi trên thiết bị này"), "{said}");
    assert!(run(&world, &["show", "2"]).await?.contains(&name));
    Ok(())
}
