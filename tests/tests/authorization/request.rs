//! A request of each endpoint that would succeed for whoever may make it.

use serde_json::{Value, json};
use sync_core::id::UnixMs;
use sync_core::log::Digest16;
use sync_core::sync::{Page, Request, Withheld};
use tests::harness::{Failure, Planted};

/// The public half of a key that nobody keeps.
const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/// A request that is not signed yet.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) media: &'static str,
    pub(crate) body: Vec<u8>,
}

/// A path with the ids of the planted data in it.
pub(crate) fn fill(path: &str, planted: &Planted, part: usize) -> String {
    let id = match path {
        _ if path.starts_with("/v1/accounts") => planted.accounts[part].to_string(),
        _ if path.starts_with("/v1/devices") => planted.devices[part].to_string(),
        _ if path.starts_with("/v1/villages") => planted.village.to_owned(),
        _ if path.starts_with("/v1/clubs/") => "c-06658".to_owned(),
        // Rows that somebody entered count from 1; nobody entered so many.
        _ if path.ends_with("{id}/void") => "999999".to_owned(),
        _ => planted.record.to_string(),
    };
    // Each caller decides about two changes of its own.
    let kept = planted.kept[part * 2 + usize::from(path.ends_with("/leave"))];
    path.replace("{id}", &id)
        .replace("{area}", &planted.area.to_string())
        .replace("{kind}", "villages")
        .replace("{batch}", &kept.0.to_string())
        .replace("{ordinal}", &kept.1.to_string())
}

/// The request of an operation on planted data, of which each caller has a part of its own.
pub(crate) fn request(operation: &'static str, planted: &Planted, part: usize) -> Result<Asked, Failure> {
    let (method, path) = operation.split_once(' ').ok_or("method and path")?;
    let area = planted.area;
    let query = match operation {
        "GET /v1/sessions"
        | "GET /v1/conflicts"
        | "GET /v1/panel-checks"
        | "GET /v1/duplicates"
        | "GET /v1/inbox"
        | "GET /v1/quarantine" => {
            format!("?area={area}")
        }
        "GET /v1/reports/period" | "GET /v1/reports/period.xlsx" => format!("?kind=year&of=2026&unit={area}"),
        "GET /v1/coverage"
        | "GET /v1/coverage/map"
        | "GET /v1/coverage/totals"
        | "GET /v1/coverage/trend"
        | "GET /v1/coverage/unreached"
        | "GET /v1/panels"
        | "GET /v1/totals" => {
            format!("?unit={area}")
        }
        "GET /v1/villages" => format!("?area={area}"),
        "GET /v1/areas/{area}/snapshot" => format!("?digest={}", planted.snapshot),
        "GET /v1/audit" => format!("?subject={}", planted.devices[0]),
        "GET /v1/checkpoint" => "?after=0".to_owned(),
        _ => String::new(),
    };
    let (media, body) = match operation {
        "POST /v1/sync" => ("application/vnd.banlang.sync", sync(planted)),
        "POST /v1/deposits" => ("application/vnd.banlang.page", Page { batches: Vec::new() }.to_bytes()),
        "POST /v1/reference/{kind}/import" => {
            ("text/csv", "old_commune_code,village_name,kind,source\n06841,Bản Mới,bản,x\n".into())
        }
        _ if method == "GET" => ("", Vec::new()),
        _ => ("application/json", body(operation, planted, part)?.to_string().into_bytes()),
    };
    Ok(Asked { method, target: fill(path, planted, part) + &query, media, body })
}

/// Who has never synced says that it knows the first batch of a log there, and wants everything.
fn sync(planted: &Planted) -> Vec<u8> {
    let request = Request {
        clock: UnixMs(0),
        agreement: Digest16::NONE,
        page_bytes: 1 << 20,
        take_snapshots: false,
        heads: vec![planted.log],
        withheld: Withheld::new(),
        certificates: Vec::new(),
        page: Page { batches: Vec::new() },
    };
    request.to_bytes()
}

fn body(operation: &str, planted: &Planted, part: usize) -> Result<Value, Failure> {
    let area = planted.area;
    Ok(match operation {
        "POST /v1/accounts" => json!({ "username": format!("moi.{part}.{}", area.code), "display_name": "Mới",
            "role": "guard", "areas": [area], "password": "đồi chè 2027" }),
        "POST /v1/accounts/{id}" => json!({ "active": true }),
        "POST /v1/clubs/{id}/meetings" => json!({ "held_on": "2026-11-01", "meetings": 1 }),
        "POST /v1/exports" => json!({ "what": "sessions", "format": "csv", "leaves_province": false,
            "reason": "họp giao ban", "lang": "vi", "filter": { "area": area } }),
        "POST /v1/figures" => json!({ "code": "illegal_exits", "from": "2023-01-01", "to": "2023-12-31",
            "quantity": 391, "source": "báo cáo năm" }),
        "POST /v1/material/issues" => json!({ "post": "hoanh-mo", "kind": "leaflet", "quantity": 5,
            "issued_on": "2026-11-01" }),
        "POST /v1/media" => json!({ "kind": "article", "published_on": "2026-11-01", "quantity": 1, "unit": area }),
        "POST /v1/plans" => json!({ "area": area, "sessions": 4, "per": "year" }),
        "POST /v1/club-meetings/{id}/void"
        | "POST /v1/figures/{id}/void"
        | "POST /v1/material/issues/{id}/void"
        | "POST /v1/media/{id}/void" => json!({ "reason": "nhập nhầm" }),
        // Not the pair that is suggested: that one stays for the next caller.
        "POST /v1/duplicates" => json!({ "a": planted.record, "b": planted.twins[0], "decision": "distinct",
            "reason": "đã hỏi cả hai người" }),
        "POST /v1/devices/{id}/revoke" => json!({ "reason": "mất máy" }),
        "POST /v1/devices/{id}/recover" => json!({ "check_code": "0000-0000-00" }),
        "POST /v1/posts" => json!({ "name": format!("Đội {part}"), "kind": "team", "areas": [area] }),
        "POST /v1/settings" => json!({ "report_issuer": "Ban Chỉ đạo" }),
        "POST /v1/recoveries" => json!({ "device_id": planted.devices[part], "envelope": "00",
            "recipient": RECIPIENT }),
        "POST /v1/enrolment-codes" => json!({ "account_id": planted.accounts[part] }),
        "POST /v1/quarantine/{batch}/{ordinal}/leave" | "POST /v1/quarantine/{batch}/{ordinal}/release" => {
            json!({ "reason": "đã hỏi lại người ghi" })
        }
        "POST /v1/villages/{id}/unit-choice" => json!({ "generation": 2025, "code": 1 }),
        "POST /v1/enrolments" => json!({ "code": "0000-0000-00" }),
        "POST /v1/sign-ins" => json!({ "username": planted.word, "password": "đoán mò 2026",
            "device_id": planted.devices[part], "signature": "00".repeat(64) }),
        "POST /v1/tokens" => json!({ "device_id": planted.devices[part], "nonce": "00".repeat(16),
            "signature": "00".repeat(64) }),
        other => return Err(format!("{other}: say what a request of it holds").into()),
    })
}
