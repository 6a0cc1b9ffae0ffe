//! Which data a run was started on: elsewhere, or later, its configuration may mean others.
//!
//! A run that goes on compares. Had it other data then, images that it was trained on could be among those it is tested on: sizes
//! and statistics would not tell, where two splits changed places or labels are others. Every example and label is part of the
//! [identity](gcnn_datasets::identity) of its split; where the data lies is not.

use gcnn_datasets::Description;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::TrainError;
use crate::files::{read_text, write_atomically};
use crate::task::{Identities, Split, Task};
use crate::training::run_folder::{RunFolder, to_json};
use crate::weights::model_file::ModelFile;

/// The data of a run: `data.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunData {
    /// Name, origin and sizes.
    pub description: Description,
    /// What [`Task::describe`] says. For images the statistics of the training split are in it, which tell one set from
    /// another.
    pub format: Value,
    /// What the examples of each split are; absent in folders of older versions.
    #[serde(default, skip_serializing_if = "Identities::is_empty")]
    pub identity: Identities,
}

/// The identities of all splits of a task that can tell.
pub fn identities<T: Task>(task: &T) -> Result<Identities, TrainError> {
    let mut found = Identities::new();
    for split in Split::THREE {
        if let Some(identity) = task.identity(split)? {
            found.insert(split.to_string(), identity);
        }
    }
    Ok(found)
}

impl RunData {
    /// Writes them down in the folder of a run that begins; of one that goes on, they have to be those that it began with.
    pub fn settle(&self, folder: &RunFolder) -> Result<(), TrainError> {
        let path = folder.data();
        let mut differing = Vec::new();
        let mut known = false;
        if path.is_file() {
            let before: Self = serde_json::from_str(&read_text(&path)?)
                .map_err(|e| TrainError::io("read", &path)(e.into()))?;
            if sizes(&self.description) != sizes(&before.description) {
                differing.push(format!(
                    "{}, and now {}",
                    before.description, self.description
                ));
            }
            differing.extend(differences(&before.format, &self.format));
            let pairs = before.identity.iter();
            let others = pairs.filter(|(split, own)| {
                let now = self.identity.get(*split);
                now.is_some_and(|now| now != *own)
            });
            differing.extend(others.map(|(split, _)| {
                let as_now = before
                    .identity
                    .iter()
                    .find(|(_, own)| Some(*own) == self.identity.get(split));
                match as_now {
                    Some((other, _)) => {
                        format!("the {split} split, which is what the {other} split was")
                    }
                    None => format!("examples or labels of the {split} split"),
                }
            }));
            // Written by an older version: from now on it can tell.
            known = before.identity == self.identity;
        } else if folder.last().is_file() {
            // Older versions wrote down no more than what is in the weights.
            let (before, _) = ModelFile::load(&folder.last())?;
            differing.extend(differences(&before.data, &self.format));
        }
        if !differing.is_empty() {
            return Err(TrainError::RunFolder(format!(
                "this run was started on other data and can only be resumed on the same; differing: {}",
                differing.join("; ")
            )));
        }
        match known {
            true => Ok(()),
            false => write_atomically(&path, to_json(&path, self)?.as_bytes()),
        }
    }
}

/// All of a description but the origin, which names a folder: data may move.
fn sizes(description: &Description) -> (&str, &str, [usize; 3]) {
    let Description {
        name,
        items,
        train,
        valid,
        test,
        ..
    } = description;
    (name, items, [*train, *valid, *test])
}

/// The values of two JSON objects that are not the same, in words. A key that only one of them has came or went with a
/// version of this program.
fn differences(before: &Value, now: &Value) -> Vec<String> {
    let pairs = before.as_object().into_iter().flatten();
    pairs
        .filter_map(|(key, before)| Some((key, before, now.get(key)?)))
        .filter(|(_, before, now)| before != now)
        .map(|(key, before, now)| format!("{key} {before}, and now {now}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn data(origin: &str, train: usize, mean: f32) -> RunData {
        RunData {
            description: Description {
                name: "digits".into(),
                origin: origin.into(),
                items: "images".into(),
                train,
                valid: 2,
                test: 3,
            },
            format: json!({ "classes": 10, "normalisation": { "mean": [mean] } }),
            identity: [("train", "a"), ("valid", "b"), ("test", "c")]
                .map(|(split, own)| (split.to_string(), own.to_string()))
                .into(),
        }
    }

    #[test]
    fn a_run_goes_on_with_its_own_data_and_no_others() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = RunFolder::at(root.path());
        let own = data("here", 5, 0.1307);
        own.settle(&folder).expect("a run begins");
        own.settle(&folder).expect("it goes on");
        data("elsewhere", 5, 0.1307)
            .settle(&folder)
            .expect("the data moved");
        let mut newer = own.clone();
        newer.format["class_names"] = json!(["0", "1"]);
        newer.settle(&folder).expect("a newer version says more");

        for (other, word) in [
            (data("here", 6, 0.1307), "6 training"),
            (data("here", 5, 0.2), "normalisation {\"mean\":[0.13"),
        ] {
            let error = other.settle(&folder).expect_err("other data").to_string();
            assert!(
                error.contains("other data") && error.contains(word),
                "{error}"
            );
        }
        own.settle(&folder).expect("nothing was written over");
        // Splits that changed places, labels that are others.
        let mut swapped = own.clone();
        swapped.identity.insert("train".into(), "c".into());
        swapped.identity.insert("test".into(), "a".into());
        let error = swapped.settle(&folder).expect_err("swapped").to_string();
        assert!(
            error.contains("the test split, which is what the train split was"),
            "{error}"
        );
        let mut relabelled = own.clone();
        relabelled.identity.insert("valid".into(), "d".into());
        let error = relabelled
            .settle(&folder)
            .expect_err("relabelled")
            .to_string();
        assert!(
            error.contains("labels of the valid split") && !error.contains("train split"),
            "{error}"
        );
        // A folder of an older version says nothing of it, and does from now on.
        let old = RunData {
            identity: Identities::new(),
            ..own.clone()
        };
        write_atomically(
            &folder.data(),
            to_json(&folder.data(), &old).unwrap().as_bytes(),
        )
        .unwrap();
        own.settle(&folder).expect("nothing differs");
        relabelled.settle(&folder).expect_err("it is known now");
    }
}
