//! Who may do what: every role, on its own and on another area, at every endpoint and with every method of the API's own
//! description. An endpoint without an expectation here fails the test.

mod expect;
mod request;

use std::collections::BTreeSet;

use serde_json::Value;
use sync_core::id::Role;
use tests::harness::{Answer, BINH_LIEU, Failure, HOANH_MO, Hand, Planted, Served, Site, plant};
use tests::on_both_engines;

use expect::{CLOSED, OPEN, ROLES};
use request::{Asked, request};

/// The methods that are tried at every address.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// What the server says it serves: method and path.
async fn described(served: &Served) -> Result<BTreeSet<(String, String)>, Failure> {
    let text = reqwest::get(format!("{}/v1/openapi.json", served.url)).await?.text().await?;
    let api: Value = serde_json::from_str(&text)?;
    let paths = api["paths"].as_object().ok_or("paths")?;
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten().map(|(method, _)| method.to_uppercase());
        methods.filter(|method| METHODS.contains(&method.as_str())).map(move |method| (method, path.clone()))
    });
    Ok(operations.collect())
}

async fn call(by: &mut Hand, asked: &Asked, signed: bool) -> Result<Answer, Failure> {
    by.send(asked.method, &asked.target, asked.media, asked.body.clone(), signed).await
}

/// `ok`, or the code of the problem.
fn outcome(answer: &Answer) -> String {
    if (200..300).contains(&answer.status) { "ok".to_owned() } else { answer.code() }
}

/// Whether the answer holds the secret as a word of its own: six digits inside a longer number (a measured duration,
/// a digest) are nobody's.
fn holds(answer: &Answer, secret: &[u8]) -> bool {
    let bytes = &answer.bytes;
    let inside = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at)).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'.')
    };
    let is_number = secret.iter().all(u8::is_ascii_digit);
    bytes.windows(secret.len()).enumerate().any(|(at, part)| {
        part == secret && !(is_number && (inside(at.checked_sub(1)) || inside(Some(at + secret.len()))))
    })
}

/// Fails when an answer holds anything of an area.
fn tells_nothing_of(planted: &Planted, answer: &Answer, what: &str) {
    for secret in &planted.secrets {
        assert!(
            !holds(answer, secret),
            "{what}: the answer holds {:?} of another area",
            String::from_utf8_lossy(secret)
        );
    }
}

struct World {
    site: Site,
    served: Served,
    near: Planted,
    far: Planted,
}

async fn world(engine: tests::harness::Engine) -> Result<World, Failure> {
    let site = Site::new(engine).await?;
    let served = site.serve().await?;
    let near = plant(&site, &served, HOANH_MO, ("gangui", "06841-na-choong"), 661_000).await?;
    let far = plant(&site, &served, BINH_LIEU, ("xaxoi", "06859-khe-van"), 771_000).await?;
    Ok(World { site, served, near, far })
}

async fn caller(world: &World, role: Role) -> Result<Hand, Failure> {
    let areas: &[_] = if matches!(role, Role::Guard | Role::Officer) { &[HOANH_MO] } else { &[] };
    Hand::enrol(&world.served, &format!("goi.{}", role.name()), role, areas).await
}

on_both_engines! {
    async fn every_endpoint_has_an_expectation_and_every_expectation_an_endpoint(engine) {
        let site = Site::new(engine).await?;
        let served = site.serve().await?;
        let expected: BTreeSet<(String, String)> = CLOSED
            .iter()
            .map(|rule| rule.operation)
            .chain(OPEN.iter().map(|(operation, _)| *operation))
            .filter_map(|operation| operation.split_once(' '))
            .map(|(method, path)| (method.to_owned(), path.to_owned()))
            .collect();
        assert_eq!(expected, described(&served).await?);
        Ok(())
    }

    async fn each_role_may_do_exactly_what_is_expected(engine) {
        let world = world(engine).await?;
        let mut calls = 0;
        for (part, role) in ROLES.into_iter().enumerate() {
            let mut by = caller(&world, role).await?;
            for rule in CLOSED {
                for (place, planted, expected) in
                    [("own", &world.near, rule.own[part]), ("other", &world.far, rule.other[part])]
                {
                    let what = format!("{role} {} {place} area", rule.operation);
                    let answer = call(&mut by, &request(rule.operation, planted, part)?, true).await?;
                    assert_eq!(outcome(&answer), expected, "{what}: {}", String::from_utf8_lossy(&answer.bytes));
                    if matches!(role, Role::Guard | Role::Officer) {
                        tells_nothing_of(&world.far, &answer, &what);
                    }
                    if rule.shows && expected == "ok" && place == "own" && role != Role::Guard {
                        assert!(holds(&answer, world.near.word.as_bytes()), "{what}: it shows nothing of the own area");
                    }
                    calls += 1;
                }
            }
        }
        assert_eq!(calls, CLOSED.len() * ROLES.len() * 2);
        world.served.verify().await
    }

    /// Without a sign-in that stands, nothing but the way in is open.
    async fn whoever_is_not_let_in_learns_nothing(engine) {
        let world = world(engine).await?;
        let mut chief = caller(&world, Role::Coordinator).await?;
        let mut anonymous = Hand::enrol(&world.served, "vo.danh", Role::Administrator, &[]).await?;
        // A stolen token: another device's key signs.
        let mut thief = Hand::enrol(&world.served, "ke.trom", Role::Guard, &[HOANH_MO]).await?;
        thief.hold(chief.token().to_owned());
        let mut revoked = Hand::enrol(&world.served, "thu.hoi", Role::Coordinator, &[]).await?;
        let mut locked = Hand::enrol(&world.served, "bi.khoa", Role::Coordinator, &[]).await?;
        let now = server::clock::Clock::now(&*world.site.clock);
        let (device, account) = (revoked.id, i64::from(locked.recorder.0));
        let actor = server::audit::Actor::CommandLine;
        let db = &world.served.app.db;
        db.write(async |tx| server::device::revoke(tx, actor, device, "mất máy", now).await).await?;
        let out = server::account::Change { active: Some(false), ..Default::default() };
        db.write(async |tx| server::account::change(tx, actor, account, &out, now).await).await?;
        for rule in CLOSED {
            for planted in [&world.near, &world.far] {
                let asked = request(rule.operation, planted, 0)?;
                for (by, signed, expected) in [
                    (&mut anonymous, false, "token.missing"),
                    (&mut thief, true, "proof.refused"),
                    (&mut revoked, true, "device.revoked"),
                    (&mut locked, true, "account.deactivated"),
                ] {
                    let answer = call(by, &asked, signed).await?;
                    let what = format!("{expected} {}", rule.operation);
                    assert_eq!(outcome(&answer), expected, "{what}");
                    tells_nothing_of(&world.near, &answer, &what);
                    tells_nothing_of(&world.far, &answer, &what);
                }
            }
        }
        for (operation, expected) in OPEN {
            let answer = call(&mut anonymous, &request(operation, &world.far, 0)?, false).await?;
            assert_eq!(outcome(&answer), *expected, "{operation}: {}", String::from_utf8_lossy(&answer.bytes));
            tells_nothing_of(&world.near, &answer, operation);
            tells_nothing_of(&world.far, &answer, operation);
        }
        assert_eq!(outcome(&call(&mut chief, &request("GET /v1/audit", &world.far, 0)?, true).await?), "ok");
        Ok(())
    }

    /// Also of a coordinator's signed request.
    async fn a_method_that_is_not_described_is_not_served(engine) {
        let world = world(engine).await?;
        let described = described(&world.served).await?;
        let mut by = caller(&world, Role::Coordinator).await?;
        let paths: BTreeSet<&String> = described.iter().map(|(_, path)| path).collect();
        for path in paths {
            let target = request::fill(path, &world.near, 0);
            for method in METHODS {
                if described.contains(&(method.to_owned(), path.clone())) {
                    continue;
                }
                let answer = by.send(method, &target, "application/json", Vec::new(), true).await?;
                assert_eq!((answer.status, answer.code().as_str()), (405, "route.method"), "{method} {target}");
            }
            let gets = described.contains(&("GET".to_owned(), path.clone()));
            let head = by.send("HEAD", &target, "", Vec::new(), false).await?;
            let open = path == "/healthz" || path == "/readyz";
            let expected = if open { 200 } else if gets { 401 } else { 405 };
            assert_eq!(head.status, expected, "HEAD {target} without a sign-in");
            assert!(head.bytes.is_empty());
        }
        Ok(())
    }

    /// What stands beside the described API: a description, a page to read it on, and numbers without names.
    async fn what_is_open_to_everybody_holds_nothing_of_anybody(engine) {
        let world = world(engine).await?;
        let mut anybody = Hand::enrol(&world.served, "ai.do", Role::Guard, &[HOANH_MO]).await?;
        for target in ["/v1/openapi.json", "/docs/", "/metrics", "/", "/v1", "/v1/khong-co", "/.env", "/v1/../metrics"] {
            let answer = anybody.send("GET", target, "", Vec::new(), false).await?;
            tells_nothing_of(&world.near, &answer, target);
            tells_nothing_of(&world.far, &answer, target);
        }
        Ok(())
    }
}
