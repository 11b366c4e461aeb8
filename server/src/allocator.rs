//! How the process takes memory from the system and gives it back.
//!
//! jemalloc, for Rust and SQLite alike: of two threads that work neither waits for the other's memory, and what a large
//! body took for a moment goes back to the system. See docs/adr/0022-jemalloc.md.

/// Two pools for however many threads, so that little stays behind in each; what is free for a fifth of a second is given
/// back, by a thread of its own, also when nobody asks for anything any more.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const SETTINGS: &[u8] = b"narenas:2,dirty_decay_ms:200,muzzy_decay_ms:0,background_thread:true\0";

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Read by jemalloc before the first allocation: a pointer to text that ends with a zero.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "jemalloc finds its settings by this name; it has no other way in before it starts")]
// SAFETY: jemalloc declares this symbol weak and reads it as a pointer to constant text that ends with a zero.
#[unsafe(export_name = "malloc_conf")]
#[used]
static CONFIGURATION: Pointer = Pointer(SETTINGS.as_ptr());

/// A pointer to constant text.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[repr(transparent)]
struct Pointer(*const u8);

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "a pointer is not shared between threads unless it is said to be safe")]
// SAFETY: it points to a constant that nobody writes.
unsafe impl Sync for Pointer {}
