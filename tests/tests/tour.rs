//! The program itself: the five-minute tour as a stranger would type it, and settings it refuses.

use serde_json::{Value, json};
use tests::harness::{Failure, Program};

const PASSWORD: &str = "suối reo 2026\n";

/// A fresh deployment with the sample lists, an officer and two guards.
fn deployed(program: &Program) -> Result<(), Failure> {
    program.ok(&["init"], "")?;
    program.ok(&["reference", "supplied", "--sample"], "")?;
    for (name, role, shown) in
        [("binh", "guard", "Nguyễn Bình"), ("chi", "guard", "Trần Chi"), ("can.bo", "officer", "Lê Thị Cán")]
    {
        let words = ["user", "add", name, "--name", shown, "--role", role, "--area", "2025-06841", "--password-stdin"];
        program.ok(&words, PASSWORD)?;
    }
    Ok(())
}

fn enrolled(program: &Program, url: &str, name: &str, store: &str) -> Result<(), Failure> {
    let code = program.ok(&["device", "enrol-code", name], "")?;
    program.ok(&["field", "--store", store, "enrol", "--server", url, "--code", code.trim(), "--label", name], "")?;
    Ok(())
}

#[test]
fn two_devices_meet_as_in_the_tour() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let program = Program::over(&dir.path().join("data"));
    deployed(&program)?;
    let serving = program.serve()?;
    let place = |name: &str| dir.path().join(name).display().to_string();
    let (binh, chi, officer) = (place("binh"), place("chi"), place("can.bo"));
    for (name, store) in [("binh", &binh), ("chi", &chi), ("can.bo", &officer)] {
        enrolled(&program, &serving.url, name, store)?;
    }
    let field = |store: &str, words: &[&str]| program.ok(&[&["field", "--store", store], words].concat(), "");
    // A village is found without its tone marks.
    let made = field(
        &binh,
        &[
            "record",
            "--village",
            "na choong",
            "--date",
            "2025-11-20",
            "--format",
            "village_meeting",
            "--attendances",
            "42",
            "--material",
            "leaflet=30",
            "--note",
            "Bà con hỏi về 111.",
            "--json",
        ],
    )?;
    let id = serde_json::from_str::<Value>(&made)?["id"].as_str().ok_or("an id")?.to_owned();
    field(&binh, &["sync"])?;
    field(&chi, &["sync"])?;
    assert!(field(&chi, &["list"])?.contains("Nà Choòng"));

    // Out of reach of each other, both correct the same number.
    field(&binh, &["edit", &id, "--attendances", "45"])?;
    field(&chi, &["edit", &id, "--attendances", "50", "--material", "leaflet=12"])?;
    field(&binh, &["sync"])?;
    field(&chi, &["sync"])?;
    field(&binh, &["sync"])?;
    for store in [&binh, &chi] {
        let shown = field(store, &["show", &id])?;
        for text in ["45", "50", "Nguyễn Bình", "Trần Chi", "42"] {
            assert!(shown.contains(text), "{text}: {shown}");
        }
    }
    field(&officer, &["sync"])?;
    field(&officer, &["resolve", &id, "--field", "attendances", "--value", "45"])?;
    field(&officer, &["review", "confirm", &id])?;
    field(&officer, &["sync"])?;
    let call = |path: &str| -> Result<Value, Failure> {
        Ok(serde_json::from_str(&program.ok(&["call", "--store", &officer, "GET", path], "")?)?)
    };
    assert_eq!(call("/v1/conflicts")?["conflicts"], json!([]));
    let totals = call("/v1/coverage/totals?from=2025-01-01&to=2025-12-31")?["total"].clone();
    assert_eq!((&totals["sessions"], &totals["confirmed"]), (&json!(1), &json!(1)));
    assert_eq!((&totals["attendances"], &totals["material"]["leaflet"]), (&json!(45), &json!(42)));
    let coverage = call("/v1/coverage?from=2025-11-15&to=2025-12-14")?;
    let villages = coverage["villages"].as_array().ok_or("villages")?;
    let reached: Vec<_> = villages.iter().filter(|village| village["periods"][0]["done"] == json!(1)).collect();
    assert_eq!(reached.len(), 1);
    assert_eq!(reached[0]["name"], json!("Nà Choòng"));
    assert_eq!(serving.stop()?, 0, "stopped in good order");

    // With the server stopped a device goes on.
    field(&binh, &["record", "--village", "na choong", "--attendances", "9"])?;
    let output = program.run(&["field", "--store", &binh, "sync"], "")?;
    assert_eq!(output.code, 1);
    assert!(output.err.contains("safe on this device"), "{}", output.err);
    assert!(program.ok(&["verify"], "").is_ok());
    Ok(())
}

#[test]
fn a_file_carries_records_and_brings_receipts_back() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let program = Program::over(&dir.path().join("data"));
    deployed(&program)?;
    let serving = program.serve()?;
    let place = |name: &str| dir.path().join(name).display().to_string();
    let (binh, chi, file, receipts) = (place("binh"), place("chi"), place("binh.age"), place("receipts"));
    enrolled(&program, &serving.url, "binh", &binh)?;
    enrolled(&program, &serving.url, "chi", &chi)?;
    let field = |store: &str, words: &[&str]| program.ok(&[&["field", "--store", store], words].concat(), "");
    field(&binh, &["record", "--village", "na choong", "--attendances", "42"])?;
    field(&binh, &["export", &file])?;
    let carried = std::fs::read(&file)?;
    assert!(carried.starts_with(b"age-encryption.org"), "a curious colleague reads nothing");
    field(&chi, &["carry", &file, "--out", &receipts])?;
    let status =
        |store: &str| -> Result<Value, Failure> { Ok(serde_json::from_str(&field(store, &["status", "--json"])?)?) };
    assert_eq!(status(&binh)?["only_here"].as_i64().unwrap_or(0) + status(&binh)?["sent"].as_i64().unwrap_or(0), 1);
    field(&binh, &["import-receipts", &receipts])?;
    assert_eq!((&status(&binh)?["only_here"], &status(&binh)?["stored"]), (&json!(0), &json!(1)));
    field(&chi, &["sync"])?;
    assert!(field(&chi, &["list"])?.contains("Nà Choòng"));
    Ok(())
}

#[test]
fn a_backup_restored_elsewhere_serves_and_heals() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let program = Program::over(&dir.path().join("data"));
    deployed(&program)?;
    let serving = program.serve()?;
    let place = |name: &str| dir.path().join(name).display().to_string();
    let (binh, backup) = (place("binh"), place("backup"));
    enrolled(&program, &serving.url, "binh", &binh)?;
    let field = |store: &str, words: &[&str]| program.ok(&[&["field", "--store", store], words].concat(), "");
    field(&binh, &["record", "--village", "na choong", "--attendances", "42"])?;
    field(&binh, &["sync"])?;
    program.ok(&["backup", &backup], "")?;
    field(&binh, &["record", "--village", "na choong", "--attendances", "9"])?;
    field(&binh, &["sync"])?;
    assert_eq!(serving.stop()?, 0);

    let other = Program::over(&dir.path().join("restored"));
    other.ok(&["restore", &backup], "")?;
    other.ok(&["verify"], "")?;
    let serving = other.serve()?;
    let input = PASSWORD;
    other.ok(&["field", "--store", &binh, "sign-in", "--server", &serving.url], input)?;
    let said = field(&binh, &["sync"])?;
    assert!(said.contains("gave it back"), "{said}");
    let listed: Value = serde_json::from_str(&program.ok(&["call", "--store", &binh, "GET", "/v1/sessions"], "")?)?;
    assert_eq!(listed["sessions"].as_array().map(Vec::len), Some(2));
    assert_eq!(serving.stop()?, 0);
    other.ok(&["verify"], "")?;
    other.ok(&["rebuild"], "")?;
    other.ok(&["verify"], "")?;
    Ok(())
}

#[test]
fn the_server_refuses_each_bad_setting_by_name() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let program = Program::over(&dir.path().join("data"));
    program.ok(&["init"], "")?;
    let example = program.ok(&["config", "--example"], "")?;
    let names = example.lines().filter_map(|line| Some(line.strip_prefix('#')?.split_once(" =")?.0.trim()));
    let mut refused = 0;
    for name in names.filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')) {
        let variable = format!("BANLANG_{}", name.to_uppercase());
        // Any text is a path.
        if name == "data_dir" {
            continue;
        }
        let bad = Program::over(&dir.path().join("data")).with(&variable, "không phải giá trị");
        let output = bad.run(&["serve"], "")?;
        assert_eq!(output.code, 2, "{variable}: {output:?}");
        assert!(output.err.contains(&variable) && output.err.contains("accepted"), "{variable}: {output:?}");
        refused += 1;
    }
    assert!(refused >= 18, "{refused} settings");
    Ok(())
}

#[test]
fn bad_input_to_the_device_names_the_flag_and_what_is_accepted() -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    let program = Program::over(&dir.path().join("data"));
    deployed(&program)?;
    let serving = program.serve()?;
    let binh = dir.path().join("binh").display().to_string();
    let early = program.run(&["field", "--store", &binh, "sync"], "")?;
    assert!(early.code == 1 && early.err.contains("field enrol"), "{early:?}");
    let wrong =
        program.run(&["field", "--store", &binh, "enrol", "--server", &serving.url, "--code", "AAAA-AAAA-AA"], "")?;
    assert_ne!(wrong.code, 0, "{wrong:?}");
    enrolled(&program, &serving.url, "binh", &binh)?;
    for (words, named) in [
        (&["record", "--village", "không có thôn này"][..], "--village"),
        (&["record", "--village", "na choong", "--attendances", "nhiều"], "attendances"),
        (&["record", "--village", "na choong", "--attendances", "5", "--women", "6"], "women"),
        (&["record", "--village", "na choong", "--date", "31/02/2026"], "--date"),
        (&["record", "--village", "na choong", "--material", "leaflet"], "--material"),
        (&["show", "ffff"], "ffff"),
        (&["resolve", "ffff", "--field", "attendances", "--value", "1"], "ffff"),
        (&["import-receipts", "/nowhere/at/all"], "/nowhere/at/all"),
    ] {
        let output = program.run(&[&["field", "--store", &binh], words].concat(), "")?;
        assert!(matches!(output.code, 1 | 2), "{words:?}: {output:?}");
        assert!(output.err.contains(named) && !output.err.contains("panicked"), "{words:?}: {output:?}");
    }
    let status: Value = serde_json::from_str(&program.ok(&["field", "--store", &binh, "status", "--json"], "")?)?;
    assert_eq!(status["only_here"], json!(0), "nothing was recorded by any of these");
    Ok(())
}
