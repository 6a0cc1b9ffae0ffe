//! The random numbers of NumPy's `RandomState`, to the last bit: for sets that others made with it.
//!
//! ```text
//! words      MT19937, its 624 words w_i = 1812433253 (w_{i−1} ⊕ w_{i−1} ≫ 30) + i from w_0 = seed
//! uniform    (2²⁶ (a ≫ 5) + (b ≫ 6)) / 2⁵³                     of two words a, b
//! normal     f x₂, and f x₁ kept for the next one              f = √(−2 ln r² / r²)
//!            of x₁, x₂ uniform in [−1, 1) with r² = x₁² + x₂² in (0, 1), drawn until that holds
//! choice     the first whose cumulative probability is above a uniform number
//! ```
//!
//! NumPy promises that this stream stays what it is. All but the logarithm is exact; that of the C library of Linux is the one
//! that the numbers were checked with, and another one may round a normal number's last bit otherwise.
//!
//! Source: Matsumoto and Nishimura 1998 and their `mt19937ar` (words, uniform), Marsaglia and Bray 1964 (normal), and the
//! documentation of `numpy.random.RandomState`.

/// How many words the state has.
const WORDS: usize = 624;

/// How far apart the words are that a new one is made of.
const SHIFT: usize = 397;

/// NumPy's `RandomState(seed)`.
pub(crate) struct RandomState {
    words: Box<[u32; WORDS]>,
    /// The next word to hand out; [`WORDS`] where all were.
    next: usize,
    /// The second normal number of a pair.
    second: Option<f64>,
}

impl RandomState {
    pub(crate) fn new(seed: u32) -> Self {
        let mut words = Box::new([seed; WORDS]);
        for place in 1..WORDS {
            let before = words[place - 1];
            words[place] = (before ^ (before >> 30))
                .wrapping_mul(1_812_433_253)
                .wrapping_add(place as u32);
        }
        Self {
            words,
            next: WORDS,
            second: None,
        }
    }

    /// Uniform in [0, 1), on a grid of 2⁻⁵³: `random_sample`.
    pub(crate) fn uniform(&mut self) -> f64 {
        let (high, low) = (self.word() >> 5, self.word() >> 6);
        let grid = (u64::from(high) << 26) | u64::from(low);
        grid as f64 / (1u64 << 53) as f64
    }

    /// From N(0, 1): `randn`.
    pub(crate) fn normal(&mut self) -> f64 {
        if let Some(second) = self.second.take() {
            return second;
        }
        let (first, second, square) = self.in_disc();
        let factor = (-2.0 * square.ln() / square).sqrt();
        self.second = Some(factor * first);
        factor * second
    }

    /// Leaves so many normal numbers out, without computing them.
    pub(crate) fn skip_normal(&mut self, count: usize) {
        let kept = usize::from(count > 0 && self.second.take().is_some());
        let rest = count - kept;
        for _ in 0..rest / 2 {
            self.in_disc();
        }
        if rest % 2 == 1 {
            self.normal();
        }
    }

    /// One of `items`, whose probabilities up to and with each are `cumulative`: `choice` with `p`. Panics if there are none.
    pub(crate) fn choice<T: Copy, const N: usize>(
        &mut self,
        items: &[T; N],
        cumulative: &[f64; N],
    ) -> T {
        let uniform = self.uniform();
        items[cumulative.partition_point(|sum| *sum <= uniform).min(N - 1)]
    }

    /// A uniform point of the unit disc, but for its centre, and the square of its distance from there.
    fn in_disc(&mut self) -> (f64, f64, f64) {
        loop {
            let (first, second) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = first * first + second * second;
            if square < 1.0 && square != 0.0 {
                return (first, second, square);
            }
        }
    }

    /// 32 random bits.
    fn word(&mut self) -> u32 {
        if self.next == WORDS {
            self.renew();
        }
        let mut word = self.words[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// Replaces all words.
    fn renew(&mut self) {
        let words = &mut self.words;
        for place in 0..WORDS {
            let joined = (words[place] & 0x8000_0000) | (words[(place + 1) % WORDS] & 0x7fff_ffff);
            let twist = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            words[place] = words[(place + SHIFT) % WORDS] ^ (joined >> 1) ^ twist;
        }
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ten thousandth word for the seed that the authors take where none is given, as C++ has it in its standard.
    #[test]
    fn words_are_those_of_the_mersenne_twister() {
        let mut random = RandomState::new(5489);
        let word = (0..10_000).map(|_| random.word()).last();
        assert_eq!(word, Some(4_123_659_995));
    }

    #[test]
    fn numbers_are_numpys() {
        let mut random = RandomState::new(0);
        let uniform = [0; 3].map(|_| random.uniform());
        assert_eq!(
            uniform,
            [0.5488135039273248, 0.7151893663724195, 0.6027633760716439]
        );
        let mut random = RandomState::new(0);
        let normal = [0; 5].map(|_| random.normal());
        assert_eq!(
            normal,
            [
                1.764052345967664,
                0.4001572083672233,
                0.9787379841057392,
                2.240893199201458,
                1.8675579901499675
            ]
        );
    }

    #[test]
    fn left_out_numbers_leave_the_stream_where_drawn_ones_do() {
        for before in 0..3 {
            for count in 0..6 {
                let [mut drawn, mut left_out] = [0; 2].map(|_| RandomState::new(7));
                for random in [&mut drawn, &mut left_out] {
                    (0..before).for_each(|_| {
                        random.normal();
                    });
                }
                (0..count).for_each(|_| {
                    drawn.normal();
                });
                left_out.skip_normal(count);
                let next = |random: &mut RandomState| [0; 3].map(|_| random.normal());
                assert_eq!(next(&mut drawn), next(&mut left_out), "{before}, {count}");
            }
        }
    }

    /// The first uniform numbers of seed 0 are .549, .715, .603, .545, .424.
    #[test]
    fn a_choice_is_the_first_whose_sum_is_above_a_uniform_number() {
        let mut random = RandomState::new(0);
        let choices = [0; 5].map(|_| random.choice(&['a', 'b', 'c'], &[0.5, 0.5, 1.0]));
        assert_eq!(choices, ['c', 'c', 'c', 'c', 'a']);
        let first = RandomState::new(0).uniform();
        // A number that is a sum belongs to the next item.
        let choice = RandomState::new(0).choice(&['a', 'b'], &[first, 1.0]);
        assert_eq!(choice, 'b');
    }
}
