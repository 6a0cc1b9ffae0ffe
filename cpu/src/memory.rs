//! Memory between steps: what one step frees, the next one takes again.
//!
//! Every step allocates and frees the same feature maps, each several megabytes. The C library's default hands such blocks
//! back to the system at once, and the next step pays for every page again: about a third of a P4CNN step on two cores.

/// Tells the C library's allocator to keep freed memory for the next step.
///
/// A choice for the whole process, so a program makes it and no library does: call it first thing in `main`. Does nothing
/// where the C library is not glibc.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // All blocks come from one heap that grows and is not trimmed; blocks of other heaps are limited to 64 MiB and
        // larger ones would go back to the system.
        let settings = [
            (libc::M_ARENA_MAX, 1),
            (libc::M_MMAP_THRESHOLD, i32::MAX),
            (libc::M_TRIM_THRESHOLD, i32::MAX),
            (libc::M_TOP_PAD, 64 << 20),
        ];
        for (setting, value) in settings {
            // SAFETY: mallopt takes two integers and changes only how the allocator behaves. Where it refuses a value,
            // the default stays, which is slower and nothing else.
            unsafe { libc::mallopt(setting, value) };
        }
    }
}
