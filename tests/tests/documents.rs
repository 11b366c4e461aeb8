//! The documents say what the code says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sync_core::admit::Reason;
use tests::harness::Failure;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

fn sources(directory: &Path, found: &mut Vec<String>) -> Result<(), Failure> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.file_stem().is_some_and(|stem| stem == "tests" || stem == "testing") {
            continue;
        }
        if path.is_dir() {
            sources(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(std::fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// The code of every `ProblemKind` in the server's source.
fn codes() -> Result<BTreeSet<String>, Failure> {
    let mut files = Vec::new();
    sources(&root().join("server/src"), &mut files)?;
    let mut codes = BTreeSet::new();
    for file in files {
        for after in file.split("ProblemKind::new(").skip(1) {
            let code = after.split('"').nth(1).unwrap_or_default();
            if code.contains('.') {
                codes.insert(code.to_owned());
            }
        }
    }
    Ok(codes)
}

#[test]
fn every_problem_code_is_in_the_catalogue_and_no_other() -> Result<(), Failure> {
    let page = std::fs::read_to_string(root().join("docs/api.md"))?;
    let catalogue = page.split("## Problems").nth(1).ok_or("a section Problems")?;
    let listed: BTreeSet<String> = catalogue
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(code, _)| code.to_owned())
        .collect();
    let codes = codes()?;
    assert!(codes.len() > 30);
    assert_eq!(codes.difference(&listed).collect::<Vec<_>>(), Vec::<&String>::new(), "missing in docs/api.md");
    let reasons: BTreeSet<String> = Reason::ALL.iter().map(|reason| reason.code().to_owned()).collect();
    let known: BTreeSet<String> = codes.union(&reasons).cloned().collect();
    assert_eq!(
        listed.difference(&known).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "in docs/api.md but not in the code"
    );
    assert!(reasons.is_subset(&listed), "reasons missing in docs/api.md");
    Ok(())
}

#[test]
fn the_example_of_a_proof_is_what_a_device_signs() -> Result<(), Failure> {
    let page = std::fs::read_to_string(root().join("docs/api.md"))?;
    let line = |name: &str| -> Result<String, Failure> {
        let line = page.lines().find(|line| line.starts_with(name)).ok_or(name.to_owned())?;
        Ok(line.split_whitespace().last().unwrap_or_default().to_owned())
    };
    let seed = sync_core::id::from_hex::<32>(&line("private key (seed)")?).ok_or("32 bytes")?;
    let key = ed25519_dalek::SigningKey::from_bytes(&seed);
    assert_eq!(sync_core::id::to_hex(&key.verifying_key().to_bytes()), line("public key")?);
    let target = line("method, target")?;
    let proof = server::auth::statement::proof_header(&key, "GET", &target, b"", &line("token  ")?, 7);
    assert_eq!(proof, line("banlang-proof  ")?);
    Ok(())
}

#[test]
fn every_setting_is_in_the_operators_page_with_its_default() -> Result<(), Failure> {
    let page = std::fs::read_to_string(root().join("docs/operations.md"))?;
    let example = server::config::Config::example();
    let mut settings = 0;
    for line in example.lines() {
        let Some((name, value)) = line.trim_start_matches('#').split_once('=') else { continue };
        let (name, value) = (name.trim(), value.trim().trim_matches('"'));
        if !line.starts_with('#') || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            continue;
        }
        settings += 1;
        let row = page.lines().find(|row| row.starts_with(&format!("| `{name}` ")));
        let row = row.ok_or_else(|| format!("{name} is missing in docs/operations.md"))?;
        assert!(value.is_empty() || row.contains(&format!("`{value}`")), "{name}: the default {value} is not in {row}");
    }
    assert!(settings >= 18, "{settings} settings");
    Ok(())
}

#[test]
fn links_between_the_documents_lead_somewhere() -> Result<(), Failure> {
    let mut pages = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    for directory in ["docs", "docs/adr"] {
        for entry in std::fs::read_dir(root().join(directory))? {
            pages.push(entry?.path());
        }
    }
    for page in pages.iter().filter(|page| page.extension().is_some_and(|extension| extension == "md")) {
        let text = std::fs::read_to_string(page)?;
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            if file.is_empty() || link.contains("://") {
                continue;
            }
            let target = page.parent().map(|directory| directory.join(file)).unwrap_or_default();
            assert!(target.exists(), "{}: {link}", page.display());
        }
    }
    Ok(())
}
