//! What each role may do, by endpoint: `ok`, or the code of the problem. Read from docs/operations.md and docs/api.md, not
//! from the code.

use sync_core::id::Role;

/// The roles, in the order of the columns below. Guard and officer have one area; the others have every area.
pub(crate) const ROLES: [Role; 4] = [Role::Guard, Role::Officer, Role::Coordinator, Role::Administrator];

/// An endpoint that needs a sign-in.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Method and path.
    pub(crate) operation: &'static str,
    /// The outcome by role, on data of the caller's area.
    pub(crate) own: [&'static str; 4],
    /// The outcome by role, on data of an area that is not the guard's and the officer's.
    pub(crate) other: [&'static str; 4],
    /// Whether the answer must show something of the own area: else the test would also pass of an empty one.
    pub(crate) shows: bool,
}

const OK: [&str; 4] = ["ok"; 4];
const NO_CANDIDATE: &str = "unit-choice.not-a-candidate";
const READERS: [&str; 4] = ["request.forbidden", "request.forbidden", "ok", "ok"];

/// What headquarters reads: no guard.
const HEADQUARTERS: [&str; 4] = ["request.forbidden", "ok", "ok", "ok"];
/// What a coordinator alone does.
const COORDINATOR: [&str; 4] = ["request.forbidden", "request.forbidden", "ok", "request.forbidden"];
/// What an administrator alone does.
const ADMINISTRATOR: [&str; 4] = ["request.forbidden", "request.forbidden", "request.forbidden", "ok"];

/// What headquarters alone reads; of another area an officer is told nothing.
const fn headquarters(operation: &'static str, shows: bool) -> Rule {
    Rule { operation, own: HEADQUARTERS, other: HEADQUARTERS, shows }
}

const fn coordinator(operation: &'static str) -> Rule {
    Rule { operation, own: COORDINATOR, other: COORDINATOR, shows: false }
}

/// A row that nobody entered, which is said only to those who may void one.
const fn void(operation: &'static str, officer: &'static str) -> Rule {
    let by_role = ["request.forbidden", officer, "entry.unknown", "request.forbidden"];
    Rule { operation, own: by_role, other: by_role, shows: false }
}

const fn read(operation: &'static str, shows: bool) -> Rule {
    Rule { operation, own: OK, other: OK, shows }
}

/// Every endpoint that needs a sign-in.
pub(crate) const CLOSED: &[Rule] = &[
    read("GET /v1/accounts", true),
    Rule {
        operation: "POST /v1/accounts",
        own: ["request.forbidden", "ok", "request.forbidden", "ok"],
        other: ["request.forbidden", "request.forbidden", "request.forbidden", "ok"],
        shows: false,
    },
    Rule {
        operation: "POST /v1/accounts/{id}",
        own: ["request.forbidden", "ok", "request.forbidden", "ok"],
        other: ["request.forbidden", "account.unknown", "request.forbidden", "ok"],
        shows: false,
    },
    Rule {
        operation: "GET /v1/areas/{area}/snapshot",
        own: OK,
        other: ["snapshot.unknown", "snapshot.unknown", "ok", "ok"],
        shows: false,
    },
    Rule { operation: "GET /v1/audit", own: READERS, other: READERS, shows: true },
    Rule { operation: "GET /v1/checkpoint", own: READERS, other: READERS, shows: false },
    headquarters("GET /v1/clubs", false),
    // No club is registered in the officer's area.
    Rule {
        operation: "POST /v1/clubs/{id}/meetings",
        own: ["request.forbidden", "club.unknown", "ok", "request.forbidden"],
        other: ["request.forbidden", "club.unknown", "ok", "request.forbidden"],
        shows: false,
    },
    void("POST /v1/club-meetings/{id}/void", "entry.unknown"),
    read("GET /v1/conflicts", false),
    read("GET /v1/coverage", false),
    headquarters("GET /v1/coverage/map", false),
    read("GET /v1/coverage/totals", false),
    headquarters("GET /v1/coverage/trend", false),
    read("GET /v1/coverage/unreached", false),
    read("GET /v1/devices", true),
    Rule {
        operation: "GET /v1/devices/{id}/log",
        own: ["device.unknown", "ok", "ok", "ok"],
        other: ["device.unknown", "device.unknown", "ok", "ok"],
        shows: false,
    },
    // The code that is sent is another's, which is said only to those who may approve one.
    Rule {
        operation: "POST /v1/devices/{id}/recover",
        own: ["device.unknown", "recovery.check-code", "request.forbidden", "recovery.check-code"],
        other: ["device.unknown", "device.unknown", "request.forbidden", "recovery.check-code"],
        shows: false,
    },
    Rule {
        operation: "POST /v1/devices/{id}/revoke",
        own: ["device.unknown", "ok", "request.forbidden", "ok"],
        other: ["device.unknown", "device.unknown", "request.forbidden", "ok"],
        shows: false,
    },
    headquarters("GET /v1/duplicates", true),
    Rule {
        operation: "POST /v1/duplicates",
        own: ["request.forbidden", "ok", "ok", "request.forbidden"],
        other: ["request.forbidden", "session.unknown", "ok", "request.forbidden"],
        shows: false,
    },
    read("GET /v1/enrolment-codes", false),
    Rule {
        operation: "POST /v1/enrolment-codes",
        own: ["account.unknown", "ok", "request.forbidden", "ok"],
        other: ["account.unknown", "account.unknown", "request.forbidden", "ok"],
        shows: false,
    },
    headquarters("POST /v1/exports", true),
    headquarters("GET /v1/figures", false),
    coordinator("POST /v1/figures"),
    void("POST /v1/figures/{id}/void", "request.forbidden"),
    headquarters("GET /v1/material/issues", false),
    coordinator("POST /v1/material/issues"),
    void("POST /v1/material/issues/{id}/void", "request.forbidden"),
    headquarters("GET /v1/material/stock", false),
    headquarters("GET /v1/media", false),
    Rule {
        operation: "POST /v1/media",
        own: ["request.forbidden", "ok", "ok", "request.forbidden"],
        other: ["request.forbidden", "body.field", "ok", "request.forbidden"],
        shows: false,
    },
    void("POST /v1/media/{id}/void", "entry.unknown"),
    headquarters("GET /v1/inbox", false),
    read("GET /v1/panel-checks", true),
    headquarters("GET /v1/panels", false),
    headquarters("GET /v1/plans", false),
    coordinator("POST /v1/plans"),
    // What a post is called and where it works stands in the reference data of every device; who works there does not.
    Rule { operation: "GET /v1/posts", own: HEADQUARTERS, other: HEADQUARTERS, shows: false },
    Rule { operation: "POST /v1/posts", own: ADMINISTRATOR, other: ADMINISTRATOR, shows: false },
    Rule {
        operation: "GET /v1/quarantine",
        own: ["quarantine.not-yours", "ok", "ok", "ok"],
        other: ["quarantine.not-yours", "ok", "ok", "ok"],
        shows: true,
    },
    Rule {
        operation: "POST /v1/quarantine/{batch}/{ordinal}/leave",
        own: ["quarantine.not-yours", "ok", "ok", "quarantine.not-yours"],
        other: ["quarantine.unknown", "quarantine.unknown", "ok", "quarantine.not-yours"],
        shows: false,
    },
    Rule {
        operation: "POST /v1/quarantine/{batch}/{ordinal}/release",
        own: ["quarantine.not-yours", "ok", "ok", "quarantine.not-yours"],
        other: ["quarantine.unknown", "quarantine.unknown", "ok", "quarantine.not-yours"],
        shows: false,
    },
    read("GET /v1/quarantine/own", false),
    read("GET /v1/recoveries", true),
    // Reference data are for every enrolled device; they name units, villages and words, no person.
    read("GET /v1/reference/bundle", false),
    read("GET /v1/reference/{kind}", false),
    headquarters("GET /v1/reports/period", false),
    headquarters("GET /v1/reports/period.xlsx", false),
    Rule { operation: "POST /v1/reference/{kind}/import", own: ADMINISTRATOR, other: ADMINISTRATOR, shows: false },
    read("GET /v1/sessions", true),
    Rule {
        operation: "GET /v1/sessions/{id}",
        own: OK,
        other: ["session.unknown", "session.unknown", "ok", "ok"],
        shows: true,
    },
    Rule { operation: "GET /v1/settings", own: HEADQUARTERS, other: HEADQUARTERS, shows: false },
    Rule { operation: "POST /v1/settings", own: ADMINISTRATOR, other: ADMINISTRATOR, shows: false },
    // The body is an inventory; of the other area it claims to know a log.
    read("POST /v1/sync", false),
    read("GET /v1/totals", false),
    read("GET /v1/unit-choices", false),
    read("GET /v1/villages", false),
    read("GET /v1/villages/{id}/unit-choice", false),
    // Nothing is to be chosen there, which is said only to those who may choose.
    Rule {
        operation: "POST /v1/villages/{id}/unit-choice",
        own: ["request.forbidden", NO_CANDIDATE, NO_CANDIDATE, NO_CANDIDATE],
        other: ["request.forbidden", "request.forbidden", NO_CANDIDATE, NO_CANDIDATE],
        shows: false,
    },
];

/// Every endpoint that needs no sign-in, and what somebody without any right is told.
pub(crate) const OPEN: &[(&str, &str)] = &[
    ("GET /healthz", "ok"),
    ("GET /readyz", "ok"),
    ("GET /v1/recoveries/{id}", "recovery.unknown"),
    ("POST /v1/deposits", "body.field"),
    ("POST /v1/enrolments", "body.field"),
    ("POST /v1/recoveries", "recovery.envelope"),
    ("POST /v1/sign-ins", "sign-in.refused"),
    ("POST /v1/tokens", "token.refused"),
];
