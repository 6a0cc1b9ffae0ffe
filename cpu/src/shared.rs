//! Memory that tasks write side by side, and memory that starts without content.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

/// A slice that several tasks write to, each its own numbers of it.
///
/// Where a task's numbers lie one after the other they are a [`part`](Self::part); where those of several tasks take turns,
/// there is a pointer to the [first](Self::at). Both are checked against the slice's length.
pub(crate) struct Shared<'a, T> {
    start: *mut T,
    length: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: copies in several threads get at the numbers through unsafe code only, which promises to take different ones.
unsafe impl<T: Send> Send for Shared<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<T> Clone for Shared<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    pub fn new(slice: &'a mut [T]) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            length: slice.len(),
            slice: PhantomData,
        }
    }

    /// Numbers that have no content yet: they can be written, and not be taken as a [`part`](Self::part).
    pub fn empty(slice: &'a mut [MaybeUninit<T>]) -> Self {
        Self {
            start: slice.as_mut_ptr().cast(),
            length: slice.len(),
            slice: PhantomData,
        }
    }

    /// A pointer to the first of `reach` numbers from `index` on, some of which are this task's.
    ///
    /// # Panics
    /// If the slice ends before.
    pub fn at(self, index: usize, reach: usize) -> *mut T {
        self.check(index, reach);
        self.start.wrapping_add(index)
    }

    /// The `length` numbers from `index` on.
    ///
    /// # Safety
    /// They must have content, and no one else may use them meanwhile.
    ///
    /// # Panics
    /// If the slice ends before.
    pub unsafe fn part(self, index: usize, length: usize) -> &'a mut [T] {
        self.check(index, length);
        // SAFETY: the numbers lie in the slice, which is borrowed as long as the part is; the caller promises the rest.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(index), length) }
    }

    fn check(self, index: usize, length: usize) {
        let end = index.checked_add(length);
        assert!(
            end.is_some_and(|end| end <= self.length),
            "numbers {index} to {index} + {length} of {}",
            self.length
        );
    }
}

/// A vector made by a function that writes all of its values.
///
/// # Safety
/// `write_all` must set every value of the slice that it is given.
pub(crate) unsafe fn written<T>(
    length: usize,
    write_all: impl FnOnce(&mut [MaybeUninit<T>]),
) -> Vec<T> {
    let mut values = Vec::with_capacity(length);
    write_all(&mut values.spare_capacity_mut()[..length]);
    // SAFETY: the capacity is there, and every value has been set, as the caller promises.
    unsafe { values.set_len(length) };
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn parts_end_with_the_slice() {
        let mut numbers = [1, 2, 3, 4];
        let shared = Shared::new(&mut numbers);
        // SAFETY: there is no other part.
        assert_eq!(unsafe { shared.part(1, 3) }, [2, 3, 4]);
        for (index, length) in [(1, 4), (5, 0), (usize::MAX, 2)] {
            let beyond = catch_unwind(AssertUnwindSafe(|| shared.at(index, length)));
            assert!(beyond.is_err(), "{index}, {length}");
        }
    }

    #[test]
    fn tasks_write_side_by_side() {
        // SAFETY: each thread writes every other number.
        let numbers = unsafe {
            written(100, |numbers: &mut [MaybeUninit<usize>]| {
                let shared = Shared::empty(numbers);
                std::thread::scope(|scope| {
                    for start in [0, 1] {
                        scope.spawn(move || {
                            let to = shared.at(start, 99);
                            (0..50).for_each(|i| *to.add(2 * i) = start);
                        });
                    }
                });
            })
        };
        assert!(numbers.chunks(2).all(|pair| pair == [0, 1]));
    }
}
