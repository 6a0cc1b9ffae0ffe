use rstest::rstest;

use super::super::*;
use super::distance;

fn irreps(text: &str) -> Irreps {
    text.parse().unwrap()
}

#[rstest]
#[case("32x0e+32x1o", "32x0e+32x1o")]
#[case("  0e + 2 x 1o +3x11e ", "1x0e+2x1o+3x11e")]
#[case("", "")]
#[case("0x1o+2x0o+0x0e", "2x0o")]
#[case("007x0e", "7x0e")]
fn reads_and_prints(#[case] text: &str, #[case] printed: &str) {
    let read = irreps(text);
    assert_eq!(read.to_string(), printed);
    assert_eq!(irreps(printed), read);
    let json = serde_json::to_string(&read).unwrap();
    assert_eq!(json, format!("\"{printed}\""));
    assert_eq!(serde_json::from_str::<Irreps>(&json).unwrap(), read);
}

#[rstest]
#[case("32x0e+banana+1o", "banana")]
#[case("32x0e++1o", "")]
#[case("0e+", "")]
#[case("x0e", "x0e")]
#[case("-3x0e", "-3x0e")]
#[case("2x3x0e", "2x3x0e")]
#[case("2.5x0e", "2.5x0e")]
#[case("1", "1")]
#[case("e", "e")]
#[case("-1o", "-1o")]
#[case("1O", "1O")]
#[case("3x1é", "3x1é")]
#[case("٣x0e", "٣x0e")]
fn names_what_does_not_parse(#[case] text: &str, #[case] culprit: &str) {
    match text.parse::<Irreps>() {
        Err(IrrepsError::Parse { part, text: whole }) => {
            assert_eq!((&*part, &*whole), (culprit, text))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn hostile_texts_get_errors_of_bounded_size() {
    let digits = "9".repeat(100_000);
    for text in [
        digits.clone(),
        format!("{digits}x0e"),
        format!("3x{digits}e"),
        format!("18446744073709551615x11o+{digits}x0e"),
        "16777216x0e+1x0e".to_owned(),
        "6148914691236517206x1o".to_owned(),
        "é".repeat(1000),
    ] {
        let error = text.parse::<Irreps>().unwrap_err();
        assert!(error.to_string().len() < 500, "{error}");
    }
    assert!(matches!(
        "1x12e".parse::<Irreps>(),
        Err(IrrepsError::DegreeTooHigh { .. })
    ));
    assert_eq!(irreps("16777216x0e").dim(), Irreps::MAX_DIMENSION);
    let large = irreps("5000x1o");
    assert!(matches!(
        large.tensor_product(&large),
        Err(IrrepsError::TooLarge { .. })
    ));
    assert!(matches!(
        irreps("16777216x0e").direct_sum(&large),
        Err(IrrepsError::TooLarge { .. })
    ));
}

#[test]
fn sizes_and_places() {
    let mixed = irreps("2x1o+3x0e+1x2e+1x1o");
    assert_eq!((mixed.dim(), mixed.count(), mixed.l_max()), (17, 7, 2));
    assert_eq!(mixed.slices(), [0..6, 6..9, 9..14, 14..17]);
    assert_eq!(mixed.multiplicity(Irrep::VECTOR), 3);
    assert!(mixed.contains(Irrep::SCALAR) && !mixed.contains("0o".parse().unwrap()));
    assert_eq!((irreps("").dim(), irreps("").l_max()), (0, 0));
}

#[test]
fn sorts_and_simplifies() {
    let mixed = irreps("2x1o+3x0o+1x2e+1x1e+4x1o+1x0e");
    let sorted = mixed.sorted();
    assert_eq!(sorted.irreps.to_string(), "1x0e+3x0o+1x1e+2x1o+4x1o+1x2e");
    assert_eq!(sorted.order, [5, 1, 3, 0, 4, 2]);
    assert_eq!(
        sorted.irreps.simplified().to_string(),
        "1x0e+3x0o+1x1e+6x1o+1x2e"
    );
    assert_eq!(mixed.simplified(), mixed);
    assert_eq!(mixed.regrouped(), sorted.irreps.simplified());
    assert_eq!(
        mixed.filter(|irrep| irrep.degree() == 1).to_string(),
        "2x1o+1x1e+4x1o"
    );
}

#[test]
fn sums_and_products() {
    let hidden = irreps("2x0e+3x1o");
    let attributes = Irreps::spherical_harmonics(2).unwrap();
    assert_eq!(
        hidden.direct_sum(&attributes).unwrap().to_string(),
        "2x0e+3x1o+1x0e+1x1o+1x2e"
    );
    let product = hidden.tensor_product(&attributes).unwrap();
    assert_eq!(product.to_string(), "5x0e+3x1e+8x1o+5x2e+3x2o+3x3o");
    assert_eq!(product.dim(), hidden.dim() * attributes.dim());
    let cut = hidden.tensor_product_up_to(&attributes, 1).unwrap();
    assert_eq!(cut.to_string(), "5x0e+3x1e+8x1o");
    let high = irreps("1x6e");
    assert_eq!(
        high.tensor_product(&high).unwrap_err().to_string(),
        "the product of 6e and 6e reaches degree 12, above 11: keep a lower highest degree"
    );
    assert_eq!(high.tensor_product_up_to(&high, 11).unwrap().l_max(), 11);
}

/// A product of irreps holds exactly what couples.
#[test]
fn products_and_couplings_agree() {
    let all: Vec<Irrep> = (0..=3)
        .flat_map(|l| [Parity::Even, Parity::Odd].map(|parity| Irrep::new(l, parity).unwrap()))
        .collect();
    for left in &all {
        for right in &all {
            let product: Vec<Irrep> = left.product(*right).collect();
            for output in &all {
                assert_eq!(product.contains(output), left.couples(*right, *output));
            }
        }
    }
}

/// The layout `[2l+1, multiplicity]`: two vectors are stored x x y y z z.
#[test]
fn layouts_convert_both_ways() {
    let mixed = irreps("1x0e+2x1o");
    let theirs = [9, 1, 2, 3, 4, 5, 6];
    let ours = mixed.from_multiplicity_first(&theirs).unwrap();
    assert_eq!(ours, [9, 1, 4, 2, 5, 3, 6]);
    assert_eq!(mixed.to_multiplicity_first(&ours).unwrap(), theirs);
    let error = mixed.from_multiplicity_first(&theirs[1..]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "6 values are not a whole number of features 1x0e+2x1o, of 7 components"
    );
    assert!(irreps("").from_multiplicity_first(&[1]).is_err());
    assert_eq!(
        irreps("").from_multiplicity_first::<f64>(&[]).unwrap(),
        [0.0; 0]
    );
}

#[test]
fn features_transform_block_by_block() {
    let mixed = irreps("2x1o+1x0o+1x1e+1x0e");
    // Two features, of different values.
    let features: Vec<f64> = (0..2 * 11).map(|i| (i as f64).sin()).collect();
    let mirrored = negate(&random_rotation(4));
    let moved = mixed.transform(&mirrored, &features).unwrap();
    for (from, to) in features.chunks(11).zip(moved.chunks(11)) {
        for copy in 0..2 {
            let vector = [from[copy], from[2 + copy], from[4 + copy]];
            let expected = apply(&mirrored, vector);
            assert!(distance(&[to[copy], to[2 + copy], to[4 + copy]], &expected) < 1e-15);
        }
        let pseudovector = apply(&negate(&mirrored), [from[7], from[8], from[9]]);
        assert!(distance(&to[7..10], &pseudovector) < 1e-15);
        assert_eq!((to[6], to[10]), (-from[6], from[10]));
    }
    assert!(mixed.transform(&mirrored, &features[1..]).is_err());
}
