//! `docs/layouts.md` walks through an example of every layout, byte by byte. It is written from the vectors by a reader
//! that knows `docs/sync-protocol.md` and nothing of the core's own readers, and a test holds it to them.

mod reading;

use std::path::PathBuf;

use reading::Reading;

use super::filed;

const INTRODUCTION: &str = "# Every layout, byte by byte

The test vectors of [`sync-protocol.md`](sync-protocol.md), read field by field: on the left the bytes as they follow each
other, on the right what they are. Nothing is left out but the middle of long ones, which is marked `…` with their number.
This page is made from the vectors, and a test compares: `cargo test -p sync-core --test vectors`; after a new vector,
`BANLANG_WRITE_VECTORS=1` in front of it writes the page anew.
";

type Read = fn(&mut Reading<'_>);

/// The vectors, in the order of the page, and how each is read.
const EXAMPLES: &[(&str, &str, Read)] = &[
    ("device-id", "Device id: an Ed25519 public key and the id made from it.", |from| {
        from.fixed(32, "public key");
        from.fixed(8, "the first 8 bytes of SHA-256(`banlang device v1` ‖ public key)");
    }),
    ("change-first", "A change, framed: only its contents travel.", framed),
    ("header-first", "The header of the first batch of a log: what is hashed and signed.", header),
    ("header-second", "The next batch of the same log.", header),
    ("header-adopted", "A batch of the server's own log that adopts a device's change.", header),
    ("header-first-hash", "The hash of the first header.", |from| {
        from.fixed(32, "SHA-256(`banlang batch v1` ‖ header)");
    }),
    ("header-first-signature", "Its signature.", |from| {
        from.fixed(64, "Ed25519 over `banlang batch v1` ‖ header");
    }),
    ("page", "A page of two runs: two batches of a device, and one of the server with its change withheld.", page),
    ("inventory", "An inventory.", |from| {
        from.list("heads", |from| {
            log(from);
            head(from, "head");
        })
    }),
    ("inventory-digest", "Its digest.", |from| from.fixed(16, "SHA-256(`banlang inventory v1` ‖ inventory), cut")),
    ("agreement-digest", "The digest of an agreement over it, in epoch 03 03 …, nothing backed up.", |from| {
        from.fixed(16, "SHA-256(`banlang agreement v1` ‖ epoch ‖ inventory ‖ backed-up inventory), cut");
    }),
    ("receipt", "A receipt.", receipt),
    ("request", "A request of a device without an agreement.", request),
    ("response-in-agreement", "The answer when nothing differs.", response),
    ("response-unknown-agreement", "The answer when the server does not remember the agreement.", response),
    ("response-exchange", "An answer with one of everything.", response),
    ("file-carried", "Carried records, before encryption.", |from| {
        from.text_of(8, "magic");
        from.fixed(8, "device of the writer");
        certificates(from);
        page(from);
    }),
    ("file-receipts", "A file of receipts.", |from| {
        from.text_of(8, "magic");
        from.fixed(8, "device of the reader");
        from.list("receipts", receipt);
    }),
    ("file-snapshot", "A snapshot of an area.", |from| {
        from.text_of(8, "magic");
        area(from);
        from.list("directory", directory_entry);
        page(from);
    }),
    ("journal-entry", "Two entries of a server's journal with one of everything, one after the other.", |from| {
        journal_entry(from);
        journal_entry(from);
    }),
    ("journal-hashes", "The hashes they lead to.", |from| {
        from.fixed(32, "before the first entry");
        from.fixed(32, "after the first");
        from.fixed(32, "after the second");
    }),
    ("checkpoint", "A checkpoint over both.", checkpoint),
    ("journal-page", "What a witness is answered.", |from| {
        from.byte("layout");
        checkpoint(from);
        from.number("entries before the first one here");
        from.list("entries", |from| {
            from.number("bytes of this entry");
            journal_entry(from);
        });
    }),
    ("record-session", "A whole session: the first change of a record, framed.", framed),
    ("record-session-edit", "An edit of it by another device.", framed),
    ("record-panel-check", "A panel check.", framed),
    ("record-review", "A review.", framed),
];

fn area(from: &mut Reading<'_>) {
    from.number("generation");
    from.number("code");
}

fn log(from: &mut Reading<'_>) {
    area(from);
    from.fixed(8, "device");
}

fn head(from: &mut Reading<'_>, what: &str) {
    if from.number(&format!("{what}: seq")) > 0 {
        from.fixed(32, &format!("{what}: hash"));
    }
}

fn framed(from: &mut Reading<'_>) {
    from.fixed(4, "magic of Automerge");
    from.fixed(4, "checksum");
    from.byte("type: a change");
    let length = from.number("length");
    from.contents(length, "contents");
}

fn header(from: &mut Reading<'_>) {
    from.byte("layout");
    log(from);
    from.number("seq");
    from.fixed(32, "hash of the batch before");
    from.number("certificate");
    from.signed("sealed at");
    from.number("schema");
    from.list("entries", |from| {
        from.byte("kind");
        let flags = from.byte("flags");
        if flags & 1 != 0 {
            from.fixed(16, "record");
        }
        from.fixed(32, "hash of the change");
    });
}

fn page(from: &mut Reading<'_>) {
    from.byte("layout of the page");
    from.list("runs", |from| {
        log(from);
        head(from, "before the run");
        from.list("batches", |from| {
            from.number("certificate");
            from.signed("sealed at, minus that of the batch before");
            from.number("schema");
            from.list("entries", |from| {
                from.byte("kind");
                let flags = from.byte("flags");
                if flags & 1 != 0 {
                    from.fixed(16, "record");
                }
                if flags & 4 != 0 {
                    from.fixed(32, "hash of the change, which is withheld");
                } else {
                    let length = from.number("length of the change");
                    from.contents(length, "contents of the change");
                }
            });
            from.fixed(64, "signature");
        });
    });
}

fn receipt(from: &mut Reading<'_>) {
    from.byte("layout of the receipt");
    from.byte("stage");
    from.text("key id");
    from.signed("at");
    from.list("heads", |from| {
        log(from);
        head(from, "covered up to");
    });
    from.list("held batches", |from| from.fixed(32, "hash"));
    from.fixed(64, "signature");
}

fn request(from: &mut Reading<'_>) {
    from.byte("layout");
    from.signed("the device's clock");
    from.fixed(16, "digest of the agreement");
    from.number("page bytes wanted");
    from.byte("take snapshots");
    from.list("heads", |from| {
        log(from);
        head(from, "head");
    });
    from.list("withheld", |from| {
        log(from);
        from.list("entries", |from| {
            from.number("seq");
            from.byte("ordinal");
        });
    });
    certificates(from);
    page(from);
}

fn response(from: &mut Reading<'_>) {
    from.byte("layout");
    let status = from.byte("status");
    from.signed("the server's clock");
    if status != 1 {
        return;
    }
    from.fixed(8, "epoch");
    from.fixed(16, "digest of the new agreement");
    from.byte("more");
    from.list("heads", |from| {
        log(from);
        head(from, "head");
    });
    from.list("receipts", receipt);
    from.list("outside", area);
    from.list("wanted", |from| {
        log(from);
        from.number("seq");
    });
    from.list("differs", log);
    from.list("directory", directory_entry);
    from.list("snapshots", |from| {
        area(from);
        from.fixed(16, "digest");
        from.number("bytes");
    });
    page(from);
}

fn directory_entry(from: &mut Reading<'_>) {
    from.fixed(32, "public key");
    from.number("account");
    from.byte("role");
    from.text("name");
    from.text("certificate");
}

fn certificates(from: &mut Reading<'_>) {
    from.list("certificates", |from| from.text("certificate"));
}

fn mark(from: &mut Reading<'_>) {
    if from.byte("mark") == 6 {
        from.text("reason");
    }
}

fn journal_entry(from: &mut Reading<'_>) {
    from.byte("layout of the entry");
    from.signed("at");
    from.list("arrivals", |from| {
        from.number("id");
        log(from);
        from.number("seq");
        from.fixed(32, "hash");
        from.byte("position");
        from.byte("way");
        if from.byte("another device brought it") == 1 {
            from.fixed(8, "carrier");
        }
        from.list("marks", mark);
    });
    from.list("batches that stand otherwise now", |from| {
        from.number("id");
        from.byte("position");
    });
    from.list("judgements", |from| {
        from.number("id");
        from.number("ordinal");
        mark(from);
        if from.byte("a person decided") == 1 {
            from.number("account");
            from.fixed(32, "SHA-256 of the note");
        }
    });
}

fn checkpoint(from: &mut Reading<'_>) {
    from.byte("layout of the checkpoint");
    from.text("key id");
    from.signed("at");
    from.number("batches before the journal");
    from.number("entries");
    from.fixed(32, "hash after them");
    from.fixed(64, "signature");
}

/// What a reader of the record sees, key by key.
fn keys(names: &[&str]) -> String {
    use automerge::ReadDoc;
    let mut document = automerge::AutoCommit::new();
    for name in names {
        document.load_incremental(&filed::read(name)).unwrap();
    }
    let mut lines = String::from("\nIt holds:\n\n| Key | Value |\n|---|---|\n");
    for key in document.keys(automerge::ROOT).collect::<Vec<_>>() {
        let (value, object) = document.get(automerge::ROOT, &key).unwrap().unwrap();
        let shown = match value {
            automerge::Value::Object(_) => format!("text \"{}\"", document.text(&object).unwrap()),
            automerge::Value::Scalar(value) => match value.as_ref() {
                automerge::ScalarValue::Bytes(bytes) => format!("bytes {}", sync_core::id::to_hex(bytes)),
                automerge::ScalarValue::Uint(number) => format!("uint {number}"),
                automerge::ScalarValue::Boolean(value) => format!("bool {value}"),
                automerge::ScalarValue::Str(text) => format!("text \"{text}\""),
                other => panic!("{key}: {other:?}"),
            },
        };
        lines.push_str(&format!("| `{key}` | {shown} |\n"));
    }
    lines
}

#[test]
fn the_page_of_layouts_is_what_the_vectors_say() {
    let mut page = INTRODUCTION.to_owned();
    for (name, about, read) in EXAMPLES {
        let bytes = filed::read(name);
        let mut from = Reading::of(name, &bytes);
        read(&mut from);
        page.push_str(&format!("\n## {name}\n\n{about}\n\n```\n{}```\n", from.finish()));
        match *name {
            "record-session-edit" => page.push_str(&keys(&["record-session", name])),
            _ if name.starts_with("record-") => page.push_str(&keys(&[name])),
            _ => {}
        }
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/layouts.md");
    if filed::is_writing() {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    for (at, (kept, made)) in kept.lines().zip(page.lines()).enumerate() {
        assert_eq!(kept, made, "docs/layouts.md:{}", at + 1);
    }
    assert_eq!(kept, page);
}

/// Every vector is walked through, but for the second change, which is read in the page.
#[test]
fn every_vector_is_walked_through() {
    for entry in std::fs::read_dir(filed::place()).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let Some(name) = file.strip_suffix(".hex").filter(|name| *name != "change-second") else { continue };
        assert!(EXAMPLES.iter().any(|(example, ..)| *example == name), "{name} is not in EXAMPLES");
    }
}
