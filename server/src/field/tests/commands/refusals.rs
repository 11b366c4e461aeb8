//! What is refused, and in which words.

use super::*;

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
