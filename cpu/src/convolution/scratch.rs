//! Working memory that outlives a call, so that a training step allocates none.

use std::cell::RefCell;

/// 64 bytes: a cache line and the widest register.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Line(#[allow(dead_code)] [u8; 64]);

thread_local! {
    static FREE: RefCell<Vec<Vec<Line>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer from the current thread's store; it returns there when dropped. Its content is arbitrary, never uninitialised.
pub(super) struct Scratch<T> {
    lines: Vec<Line>,
    length: usize,
    number: std::marker::PhantomData<T>,
}

impl<T: crate::number::Number> Scratch<T> {
    /// Takes a buffer of `length` numbers.
    pub fn take(length: usize) -> Self {
        // More than there can be is refused by the vector.
        let needed = length
            .saturating_mul(size_of::<T>())
            .div_ceil(size_of::<Line>());
        let mut lines = FREE.with_borrow_mut(|free| {
            // The smallest that is large enough, or else the largest.
            let fits = (0..free.len()).filter(|&i| free[i].len() >= needed);
            let best = fits
                .min_by_key(|&i| free[i].len())
                .or_else(|| (0..free.len()).max_by_key(|&i| free[i].len()));
            best.map(|i| free.swap_remove(i)).unwrap_or_default()
        });
        if lines.len() < needed {
            lines = vec![Line([0; 64]); needed];
        }
        Self {
            lines,
            length,
            number: std::marker::PhantomData,
        }
    }

    /// The buffer.
    pub fn slice(&mut self) -> &mut [T] {
        // SAFETY: the lines hold at least `length` numbers and belong to this buffer; they are aligned to 64 bytes and have
        // content, of which any bits are valid floats (the only numbers there are).
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length) }
    }
}

impl<T> Drop for Scratch<T> {
    fn drop(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        // The thread's store may be gone already when the thread ends.
        let _ = FREE.try_with(|free| free.borrow_mut().push(lines));
    }
}
