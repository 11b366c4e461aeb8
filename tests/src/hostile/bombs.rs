//! Bodies that are small on the wire, or cheap to make, and stand for very much.

use std::io::Write;

use sync_core::id::{AreaId, DeviceId};
use sync_core::log::limits;
use sync_core::wire::Writer;

use crate::harness::{Failure, HOANH_MO, Hand, START};

/// The server's default limit of a body.
const BODY_BYTES: usize = 4 << 20;
const PAGE: &str = "application/vnd.banlang.page";
const CARRIED: &str = "application/vnd.banlang.carried";
/// How a request ends: nothing withheld, no certificates, an empty page.
const NOTHING_MORE: [u8; 4] = [0, 0, 1, 0];

/// One request that is meant to cost memory.
#[derive(Debug, Clone)]
pub struct Bomb {
    /// What it is.
    pub name: &'static str,
    /// Method and path.
    pub target: (&'static str, &'static str),
    /// Headers.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The body as it is sent.
    pub body: Vec<u8>,
    /// Whether it comes with a token and a proof.
    pub signed: bool,
}

fn deposit(name: &'static str, media: &'static str, packed: bool, body: Vec<u8>) -> Bomb {
    let mut headers = vec![("content-type", media)];
    if packed {
        headers.push(("content-encoding", "zstd"));
    }
    Bomb { name, target: ("POST", "/v1/deposits"), headers, body, signed: false }
}

fn json(name: &'static str, body: Vec<u8>) -> Bomb {
    let headers = vec![("content-type", "application/json")];
    Bomb { name, target: ("POST", "/v1/enrolments"), headers, body, signed: false }
}

/// Zeros, as a frame that says how many they are or as one that does not.
fn zeros(mebibytes: usize, says_its_size: bool) -> Result<Vec<u8>, Failure> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3)?;
    encoder.include_contentsize(says_its_size)?;
    if says_its_size {
        encoder.set_pledged_src_size(Some((mebibytes as u64) << 20))?;
    } else {
        encoder.window_log(21)?;
    }
    for _ in 0..mebibytes {
        encoder.write_all(&vec![0; 1 << 20])?;
    }
    Ok(encoder.finish()?)
}

/// A page of as many changes as fit in so many bytes, each of them without contents: three bytes a change.
fn empty_changes(bytes: usize) -> Vec<u8> {
    let batch = {
        let mut out = Writer::new();
        out.number(1).signed(0).number(1).count(limits::ENTRIES);
        out.fixed(&[1, 0, 0].repeat(limits::ENTRIES)).fixed(&[0; 64]);
        out.0
    };
    let batches = bytes / batch.len() - 1;
    let AreaId { generation, code } = HOANH_MO;
    let mut out = Writer::new();
    out.byte(1).count(1).number(generation.into()).number(code.into()).fixed(&DeviceId([9; 8]).0).number(0);
    out.count(batches).fixed(&batch.repeat(batches));
    out.0
}

/// A request with as many heads as are read.
fn many_heads() -> Vec<u8> {
    let heads = 200_000_u32;
    let mut out = Writer::new();
    out.byte(1).signed(START.0).fixed(&[0; 16]).number(1).byte(0).count(heads as usize);
    for number in 0..heads {
        out.number(2025).number(6841).fixed(&u64::from(number).to_be_bytes()).number(0);
    }
    out.fixed(&NOTHING_MORE);
    out.0
}

/// A request with a million entries that were withheld from its device, of one log.
fn many_withheld() -> Vec<u8> {
    let entries = 1_000_000_u32;
    let mut out = Writer::new();
    out.byte(1).signed(START.0).fixed(&[0; 16]).number(1).byte(0).count(0).count(1);
    out.number(2025).number(6841).fixed(&[9; 8]).count(entries as usize);
    for number in 0..entries {
        out.number(u64::from(number / 256) + 1).byte((number % 256) as u8);
    }
    out.fixed(&NOTHING_MORE[1..]);
    out.0
}

/// A request with so many certificates of 16 KiB that nobody signed.
fn certificates(count: usize) -> Vec<u8> {
    let mut out = Writer::new();
    out.byte(1).signed(START.0).fixed(&[0; 16]).number(1).byte(0).count(0).count(0).count(count);
    for number in 0..count {
        // Three parts of letters, as a signed text has.
        let text = ["a", "b", "c"].map(|letter| letter.repeat(5000 + number % 400)).join(".");
        out.bytes(format!("{text:x<0$}", 16 << 10).as_bytes());
    }
    out.fixed(&NOTHING_MORE[2..]);
    out.0
}

/// Every kind of bomb, for a server that this hand is enrolled at.
///
/// # Errors
/// When one cannot be made.
pub fn all(hand: &Hand) -> Result<Vec<Bomb>, Failure> {
    let recipient: age::x25519::Recipient = hand.carry_recipient.parse()?;
    let page = empty_changes(BODY_BYTES);
    let carried = [&b"BLCARRY1"[..], &[9; 8], &[0], &empty_changes(BODY_BYTES - 2048)].concat();
    let endless = [&b"age-encryption.org/v1\n"[..], &b"-> X25519 AAAA\nAAAA\n".repeat(BODY_BYTES / 20)].concat();
    let deep = ["[", "{\"a\":"].map(|open| open.repeat(60_000 / open.len()).into_bytes());
    let [deep_lists, deep_maps] = deep;
    let signed = |name, packed: bool, body| Bomb {
        target: ("POST", "/v1/sync"),
        signed: true,
        ..deposit(name, "application/vnd.banlang.sync", packed, body)
    };
    let mut window = zstd::stream::write::Encoder::new(Vec::new(), 3)?;
    window.window_log(27)?;
    window.write_all(&vec![0; 1 << 20])?;
    Ok(vec![
        deposit("zstd that says 1 GiB", PAGE, true, zeros(1024, true)?),
        deposit("zstd that hides 1 GiB", PAGE, true, zeros(1024, false)?),
        deposit("zstd just under the limit", PAGE, true, zeros(BODY_BYTES >> 20, true)?),
        deposit("zstd just under the limit, hidden", PAGE, true, zeros(BODY_BYTES >> 20, false)?),
        deposit("zstd with a window of 128 MiB", PAGE, true, window.finish()?),
        deposit("zstd in zstd", PAGE, true, zstd::bulk::compress(&zeros(1024, true)?, 3)?),
        deposit("millions of empty changes, compressed", PAGE, true, zstd::bulk::compress(&page, 1)?),
        deposit("millions of empty changes", PAGE, false, page),
        deposit("millions of empty changes in a carried file", CARRIED, false, age::encrypt(&recipient, &carried)?),
        deposit("zeros in a carried file", CARRIED, false, age::encrypt(&recipient, &vec![0; BODY_BYTES - 4096])?),
        deposit("a carried file whose header does not end", CARRIED, false, endless.clone()),
        deposit("the same, compressed", CARRIED, true, zstd::bulk::compress(&endless, 1)?),
        deposit("as many bytes as are read", PAGE, false, vec![1; BODY_BYTES]),
        deposit("more bytes than are read", PAGE, false, vec![1; BODY_BYTES + 1]),
        json("lists in lists", deep_lists),
        json("maps in maps", deep_maps),
        json("a long text", format!("{{\"code\":\"{}\"}}", "x".repeat(60_000)).into_bytes()),
        json("a long name", format!("{{\"{}\":1}}", "x".repeat(60_000)).into_bytes()),
        json("too long a text", format!("{{\"code\":\"{}\"}}", "x".repeat(2 << 20)).into_bytes()),
        json("many fields", format!("{{{}\"b\":1}}", "\"a\":1,".repeat(9_000)).into_bytes()),
        signed("a request with 200,000 heads", true, zstd::bulk::compress(&many_heads(), 3)?),
        signed("a request with 1,000,000 withheld entries", true, zstd::bulk::compress(&many_withheld(), 3)?),
        signed("1,000 certificates of 16 KiB", true, zstd::bulk::compress(&certificates(1000), 3)?),
        signed("as many certificates of 16 KiB as a body holds", false, certificates(BODY_BYTES / (17 << 10))),
        signed("zstd that hides 1 GiB, signed", true, zeros(1024, false)?),
    ])
}
