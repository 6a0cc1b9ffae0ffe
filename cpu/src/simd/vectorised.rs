//! Loops that are compiled for more than one kind of processor.

/// Defines a loop that is compiled twice, for any processor and for the wider vectors that most have; which of the two
/// runs is decided when the program does. (A closure would not do: it is compiled once, for any processor.) What it calls
/// must be `#[inline(always)]` to be compiled along with it.
///
/// The bound `Number` is the trait of that name at the place of use.
macro_rules! vectorised {
    ($(#[$attribute:meta])* fn $name:ident<T: Number>($($argument:ident: $type:ty),* $(,)?)
     $(-> $result:ty)? $body:block) => {
        $(#[$attribute])*
        pub(super) fn $name<T: Number>($($argument: $type),*) $(-> $result)? {
            #[inline(always)]
            fn any<T: Number>($($argument: $type),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            {
                /// # Safety
                /// The processor must have AVX2.
                #[target_feature(enable = "avx2")]
                fn with_avx2<T: Number>($($argument: $type),*) $(-> $result)? {
                    any($($argument),*)
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has the instructions, as was just asked.
                    return unsafe { with_avx2($($argument),*) };
                }
            }
            any($($argument),*)
        }
    };
}

pub(crate) use vectorised;
