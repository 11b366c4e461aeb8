//! How the process takes memory from the system and gives it back.

/// Makes all threads share one pool of memory, Rust's and SQLite's alike, and gives large blocks back at once.
///
/// By default each thread keeps what it gave back for itself, so a body that was large for a moment stays resident once
/// for every thread that ever read one. To be called before the first thread starts. Only the GNU C library has these
/// settings; elsewhere nothing happens.
pub(crate) fn share_one_pool() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// Blocks from this size on are mapped for themselves.
        const MAPPED_BYTES: libc::c_int = 256 * 1024;
        for (setting, value) in
            [(libc::M_ARENA_MAX, 1), (libc::M_MMAP_THRESHOLD, MAPPED_BYTES), (libc::M_TRIM_THRESHOLD, MAPPED_BYTES)]
        {
            #[expect(unsafe_code, reason = "a setting of the C library; it has no other way in")]
            // SAFETY: no pointers; only this thread exists.
            let taken = unsafe { libc::mallopt(setting, value) };
            debug_assert_eq!(taken, 1, "setting {setting}");
        }
    }
}
