//! What a signal is smoothed with before it is looked at from afar.
//!
//! ```text
//! blur_s(j) = B₂(j/s) / s,   |j| < 3s/2          B₂(x) = ¾ − x² for |x| < ½,  ½ (3/2 − |x|)² up to 3/2
//! ```
//!
//! The quadratic spline at the whole numbers adds up to s at every whole scale, so that a constant stays what it is. Source:
//! Romero et al. 2021 (Wavelet Networks).

/// The taps of the blur at a whole scale, about their centre.
pub(super) fn taps(scale: usize) -> Vec<f64> {
    let scale = scale as f64;
    let reach = (1.5 * scale).ceil() as i64 - 1;
    let at = |j: i64| quadratic(j as f64 / scale) / scale;
    (-reach..=reach).map(at).collect()
}

/// B₂.
fn quadratic(x: f64) -> f64 {
    match x.abs() {
        x if x < 0.5 => 0.75 - x * x,
        x if x < 1.5 => 0.5 * (1.5 - x).powi(2),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_are_those_by_hand_and_keep_constants() {
        assert_eq!(taps(1), [0.125, 0.75, 0.125]);
        let doubled: Vec<f64> = taps(2).iter().map(|tap| 2.0 * tap).collect();
        assert_eq!(doubled, [0.125, 0.5, 0.75, 0.5, 0.125]);
        for scale in [1, 2, 3, 4, 8, 16, 32, 256] {
            let sum: f64 = taps(scale).iter().sum();
            assert!((sum - 1.0).abs() < 1e-12, "{scale}: {sum}");
        }
    }
}
