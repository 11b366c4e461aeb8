//! The fuzzer: libFuzzer around the target that `BANLANG_FUZZ` names. Started by `sync-core/fuzz/run`.

#![no_main]

use std::sync::OnceLock;

use fuzz::{gate, target};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();

fn is_gate() -> bool {
    std::env::var("BANLANG_FUZZ").is_ok_and(|name| name == "gate")
}

fuzz_target!(
    init: {
        // The fuzzer's own hook ends the process at any panic; those the gate contains are none of its business.
        gate::quiet_panics();
        let name = std::env::var("BANLANG_FUZZ").unwrap_or_default();
        let run = target(&name).unwrap_or_else(|| panic!("BANLANG_FUZZ names no target: {name:?}"));
        TARGET.get_or_init(|| run);
    },
    |bytes: &[u8]| {
        if let Some(run) = TARGET.get() {
            run(bytes);
        }
    }
);

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if is_gate() && seed % 2 == 0 {
        let made = gate::another(&data[..size], seed.into());
        let length = made.len().min(max_size);
        data[..length].copy_from_slice(&made[..length]);
        return length;
    }
    fuzzer_mutate(data, size, max_size)
});
