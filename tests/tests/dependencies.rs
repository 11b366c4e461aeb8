//! The dependencies against deny.toml, on every run: what `cargo deny check bans sources` says, without the tool. Licences
//! and advisories need the tool itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tests::harness::Failure;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rules() -> Result<toml::Table, Failure> {
    Ok(std::fs::read_to_string(root().join("deny.toml"))?.parse()?)
}

/// A package that is built into the program or its tests.
#[derive(Debug)]
struct Package {
    id: String,
    name: String,
    /// Of this workspace.
    own: bool,
    source: Option<String>,
    features: BTreeSet<String>,
}

/// The names of what is built: `cargo metadata` also lists optional dependencies that only a weak feature names.
fn built() -> Result<BTreeSet<String>, Failure> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["tree", "--locked", "--offline", "--workspace", "--target", "x86_64-unknown-linux-gnu"])
        .args(["--edges", "normal,build,dev", "--prefix", "none", "--format", "{p}"])
        .current_dir(root())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let lines = String::from_utf8(output.stdout)?;
    Ok(lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
}

fn packages() -> Result<Vec<Package>, Failure> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let nodes: BTreeMap<String, Value> =
        list(&metadata["resolve"]["nodes"]).into_iter().map(|node| (text(&node["id"]), node)).collect();
    let members: BTreeSet<String> = list(&metadata["workspace_members"]).iter().map(text).collect();
    let mut open: Vec<String> = members.iter().cloned().collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        if reached.insert(id.clone()) {
            open.extend(list(&nodes[&id]["deps"]).iter().map(|dependency| text(&dependency["pkg"])));
        }
    }
    let built = built()?;
    let is_built = |package: &Value| reached.contains(&text(&package["id"])) && built.contains(&text(&package["name"]));
    let found = list(&metadata["packages"]).into_iter().filter(is_built);
    Ok(found
        .map(|package| {
            let id = text(&package["id"]);
            let features = list(&nodes[&id]["features"]).iter().map(text).collect();
            let (name, own) = (text(&package["name"]), members.contains(&id));
            Package { id, name, own, source: package["source"].as_str().map(str::to_owned), features }
        })
        .collect())
}

#[test]
fn no_banned_crate_is_built_in_and_each_ban_has_a_reason() -> Result<(), Failure> {
    let rules = rules()?;
    let banned = rules["bans"]["deny"].as_array().ok_or("bans.deny")?;
    let built: BTreeSet<String> = packages()?.into_iter().map(|package| package.name).collect();
    assert!(built.contains("automerge") && built.len() > 100, "the graph is read");
    for ban in banned {
        let name = ban["crate"].as_str().ok_or("a name")?;
        assert!(ban["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{name}: no reason");
        assert!(!built.contains(name), "{name} is banned: {}", ban["reason"]);
    }
    let names: Vec<&str> = banned.iter().filter_map(|ban| ban["crate"].as_str()).collect();
    assert!(names.contains(&"rsa"), "RUSTSEC-2023-0071 has no fixed version");
    Ok(())
}

#[test]
fn tokens_are_signed_by_aws_lc() -> Result<(), Failure> {
    let all = packages()?;
    let found = all.iter().find(|package| package.name == "jsonwebtoken").ok_or("jsonwebtoken")?;
    assert_eq!(found.features, BTreeSet::from(["aws_lc_rs".to_owned()]));
    Ok(())
}

#[test]
fn every_crate_comes_from_the_registry_with_a_checksum() -> Result<(), Failure> {
    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
    for Package { id, own, source, .. } in packages()? {
        assert!(own || source.as_deref() == Some(REGISTRY), "{id} comes from {source:?}");
    }
    let lock: toml::Table = std::fs::read_to_string(root().join("Cargo.lock"))?.parse()?;
    for package in lock["package"].as_array().ok_or("packages")? {
        let named = package.get("source").is_none() || package.get("checksum").is_some();
        assert!(named, "{package} has no checksum");
    }
    Ok(())
}
