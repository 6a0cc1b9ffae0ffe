use super::*;
use crate::run_file::ImageDatasetConfig;

/// Files of before there were names have none; the data they are used on may.
#[test]
fn classes_are_called_what_the_format_or_the_data_says() {
    let own = ImageExperiment {
        dataset: ImageDatasetConfig::Nuclei(Default::default()),
        model: Default::default(),
        augmentation: Default::default(),
    };
    let mut format = ImageFormat {
        channels: 1,
        height: 1,
        width: 1,
        classes: 2,
        class_names: None,
        targets: None,
        normalisation: ChannelNormalisation {
            mean: vec![0.0],
            std: vec![1.0],
        },
    };
    let plain = ImageDataset::from_bytes(vec![1, 2], vec![0, 1], [1, 1, 1], 2).expect("images");
    let named = plain
        .clone()
        .with_class_names(["no", "yes"])
        .expect("names");
    let names = |format: &ImageFormat, images: &ImageDataset| {
        let images = Arc::new(images.clone());
        let config = RunConfig::default();
        let task = Classification::of_images(images, String::new(), &own, &config, format.clone())
            .expect("a task");
        let mut outcomes = Outcomes::new(task.columns());
        outcomes.extend_scores(&[1.0, 0.0, 0.0, 1.0]);
        let judged = task.judged(Split::Test, &outcomes).expect("two images");
        let report = judged.class_report().classes;
        let reported: Vec<String> = report.into_iter().map(|class| class.name).collect();
        assert_eq!(reported, task.class_names());
        reported
    };
    assert_eq!(names(&format, &plain), ["0", "1"]);
    assert_eq!(names(&format, &named), ["no", "yes"]);
    format.class_names = Some(["healthy", "ill"].map(String::from).to_vec());
    assert_eq!(names(&format, &plain), ["healthy", "ill"]);
}
