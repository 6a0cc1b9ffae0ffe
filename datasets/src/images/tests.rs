//! Images that come back as they went in.

use super::*;

fn two_channels() -> ImageDataset {
    let pixels = vec![0.0, 0.2, 0.5, 0.5, 0.4, 0.6, 0.5, 0.5];
    ImageDataset::from_floats(pixels, vec![0, 2], [2, 1, 2], 3).unwrap()
}

#[test]
fn images_come_back_as_they_went_in() {
    let images = two_channels();
    assert_eq!(
        (
            images.count(),
            images.channels(),
            images.height(),
            images.width()
        ),
        (2, 2, 1, 2)
    );
    assert_eq!(images.image(1), [0.4, 0.6, 0.5, 0.5]);
    let bytes = ImageDataset::from_bytes(vec![0, 51, 255], vec![1], [1, 1, 3], 2).unwrap();
    assert_eq!(bytes.image(0), [0.0, 0.2, 1.0]);
}

#[test]
fn wrong_sizes_and_labels_are_refused() {
    for (pixels, labels, shape) in [
        (vec![0.0; 3], vec![0], [1, 2, 2]),
        (vec![0.0; 4], vec![3], [1, 2, 2]),
        (vec![f32::NAN; 4], vec![0], [1, 2, 2]),
        (vec![], vec![0], [1, 0, 2]),
        (vec![0.0; 4], vec![0, 0], [usize::MAX, 2, 2]),
    ] {
        assert!(ImageDataset::from_floats(pixels, labels, shape, 3).is_err());
    }
}

#[test]
fn slices_and_sums_of_sets() {
    let images = two_channels();
    assert_eq!(images.slice(1..9).labels(), [2]);
    assert!(images.slice(5..9).is_empty());
    let all = ImageDataset::concatenate(&[&images.slice(1..2), &images]).unwrap();
    assert_eq!(all.labels(), [2, 0, 2]);
    assert_eq!(all.image(0), images.image(1));
    assert_eq!((all.sources(), all.class_names()), (None, None));
    let other = ImageDataset::from_floats(vec![0.0; 4], vec![0], [1, 2, 2], 3).unwrap();
    assert!(ImageDataset::concatenate(&[&images, &other]).is_err());
    assert!(Splits::new("x", "y", images.clone(), other, images.clone()).is_err());
    let splits = Splits::new(
        "x",
        "y",
        images.slice(0..1),
        images.slice(1..2),
        images.slice(0..0),
    )
    .unwrap();
    assert_eq!(splits.get(Split::All).unwrap().labels(), [0, 2]);
    assert_eq!(
        splits.description.to_string(),
        "x (y): 1 training, 1 validation, 0 test images"
    );
}

#[test]
fn sources_and_names_go_with_the_images() {
    let bytes = |values: &[u8], sources: &[u32]| {
        let names = values.iter().map(|value| format!("{value}.png"));
        ImageDataset::from_bytes(values.to_vec(), vec![1; values.len()], [1, 1, 1], 2)
            .and_then(|images| images.with_sources(sources.to_vec()))
            .and_then(|images| images.with_names(names))
            .and_then(|images| images.with_class_names(["no", "yes"]))
    };
    let named = |images: &ImageDataset| -> Vec<String> {
        let names = images.names().unwrap().iter();
        names.map(|name| name.to_string()).collect()
    };
    let images = bytes(&[0, 51, 255], &[7, 7, 9]).unwrap();
    let end = images.slice(1..3);
    assert_eq!(end.sources(), Some(&[7, 9][..]));
    let all = ImageDataset::concatenate(&[&end, &images]).unwrap();
    assert_eq!(all.sources(), Some(&[7, 9, 7, 7, 9][..]));
    let expected = ["51.png", "255.png", "0.png", "51.png", "255.png"];
    assert_eq!(named(&all), expected);
    assert_eq!(named(&all.part(0.4, 0).unwrap()).len(), 2);
    assert_eq!(all.class_names().unwrap(), ["no", "yes"]);
    assert_eq!([all.image(0), all.image(4)], [[0.2], [1.0]]);
    assert!(matches!(all.pixels, Pixels::Bytes(_)));
    // A set without sources: nobody knows what an interval should be taken over.
    let plain = ImageDataset::from_floats(vec![0.5], vec![0], [1, 1, 1], 2).unwrap();
    let mixed = ImageDataset::concatenate(&[&images, &plain]).unwrap();
    assert_eq!(
        (mixed.sources(), mixed.image(1), mixed.image(3)),
        (None, vec![0.2], vec![0.5])
    );
    assert_eq!(mixed.names(), None);
    assert!(images.clone().with_names(["one"]).is_err());
    assert!(bytes(&[0, 1], &[7]).is_err());
    assert!(plain.with_class_names(["one"]).is_err());
}
