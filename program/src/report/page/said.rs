//! What a network said of single test images, and of which ones it is worth showing.

use gcnn_models::argmax;
use gcnn_train::task::predictions::{Predictions, probabilities};

/// What was said of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Its place in the test split.
    pub index: usize,
    /// Its file, or its place in words.
    pub name: String,
    /// Its class.
    pub truth: String,
    /// The most probable class.
    pub answer: String,
    /// The probability of the answer.
    pub confidence: f64,
    /// Whether the answer is the class.
    pub is_right: bool,
}

/// Of the test images the worst mistakes, those that the network is most sure of, and of the others those that it is least sure
/// of: at most so many of each.
pub fn notable(
    predictions: &Predictions,
    temperature: f64,
    wrong: usize,
    unsure: usize,
) -> [Vec<Said>; 2] {
    let classes = predictions.classes();
    let rows = predictions.rows().zip(predictions.labels()).enumerate();
    let mut all: Vec<Said> = rows
        .map(|(index, (row, label))| {
            let answer = argmax(row);
            let name = predictions.files().map(|files| files[index].clone());
            Said {
                index,
                name: name.unwrap_or_else(|| format!("{} image {index}", predictions.split())),
                truth: classes[usize::from(*label)].clone(),
                answer: classes[answer].clone(),
                confidence: probabilities(row, temperature)[answer],
                is_right: answer == usize::from(*label),
            }
        })
        .filter(|said| said.confidence.is_finite())
        .collect();
    all.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let worst: Vec<Said> = all
        .iter()
        .filter(|said| !said.is_right)
        .take(wrong)
        .cloned()
        .collect();
    let others = all
        .into_iter()
        .rev()
        .filter(|said| worst.iter().all(|shown| shown.index != said.index));
    let least = others.take(unsure).collect();
    [worst, least]
}

#[cfg(test)]
mod tests {
    use gcnn_datasets::Split;

    use super::*;

    #[test]
    fn the_worst_mistakes_come_first_and_nothing_twice() {
        let classes = ["a", "b"].map(String::from).to_vec();
        // Log-odds of class a.
        let odds = [3.0f32, -4.0, 0.1, 2.0, f32::NAN];
        let scores = odds.iter().flat_map(|odds| [*odds, 0.0]).collect();
        let predictions =
            Predictions::new(Split::Test, classes, vec![1, 0, 1, 0, 0], scores).expect("five");
        let [worst, least] = notable(&predictions, 1.0, 2, 2);
        let places = |said: &[Said]| said.iter().map(|said| said.index).collect::<Vec<_>>();
        assert_eq!((places(&worst), places(&least)), (vec![1, 0], vec![2, 3]));
        assert_eq!(worst[0].name, "test image 1");
        assert_eq!(
            (worst[0].truth.as_str(), worst[0].answer.as_str()),
            ("a", "b")
        );
        let named = predictions
            .with_files(Some(["v", "w", "x", "y", "z"].map(String::from).to_vec()))
            .expect("names");
        assert_eq!(notable(&named, 1.0, 1, 0)[0][0].name, "w");
    }
}
