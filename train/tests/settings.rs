//! What is said about settings: values that look like something else, and those that differ when a run goes on.

use std::path::Path;

use gcnn_train::run_file::RunConfig;
use gcnn_train::training::run::check_resumable;

fn parse(text: &str, set: &[&str]) -> Result<RunConfig, String> {
    let set: Vec<String> = set.iter().map(|s| s.to_string()).collect();
    RunConfig::parse(text, Path::new("run.toml"), &set).map_err(|e| e.to_string())
}

#[test]
fn a_text_may_look_like_a_number() {
    for word in ["2018", "1e3", "true", "-1", "1979-05-27", "[1]", "nan"] {
        let from_set = parse("", &[&format!("dataset.path={word}")]);
        let from_file = parse(&format!("[dataset]\npath = \"{word}\""), &[]);
        assert_eq!(from_set, from_file, "{word}");
        assert!(from_set.is_ok(), "{word}: {from_set:?}");
        let output = parse("", &[&format!("output={word}")]).expect("a folder");
        assert_eq!(output.output.as_deref(), Some(Path::new(word)));
    }
    // What is quoted is a text at once, and a number stays one where one is wanted.
    let quoted = parse("", &["dataset.path=\"2018\"", "training.epochs=7"]).expect("valid");
    assert_eq!(quoted.training.epochs, 7);
    assert_eq!(
        quoted.to_toml().ok(),
        parse("", &["dataset.path=2018", "training.epochs=7"])
            .ok()
            .and_then(|c| c.to_toml().ok())
    );
    // Of a value that fits neither way, the fault is told as it was written.
    let error = parse("", &["training.epochs=many"]).expect_err("no number");
    assert!(error.contains("training.epochs=many"), "{error}");
}

#[test]
fn settings_that_differ_are_named() {
    let plain = parse("dataset.source = \"built-in\"\n[optimizer]\nlr = 0.01", &[]).expect("valid");
    let cosine = parse(
        "dataset.source = \"built-in\"\n[optimizer]\nlr = 0.01\n[schedule]\nkind = \"cosine\"",
        &[],
    )
    .expect("valid");
    let turned = parse(
        "dataset.source = \"built-in\"\n[optimizer]\nlr = 0.01\n[augmentation]\nrotation = \"continuous\"",
        &[],
    )
    .expect("valid");
    let other = parse("dataset.source = \"built-in\"\n[optimizer]\nlr = 0.02", &[]).expect("valid");
    for (before, now, name) in [
        (&plain, &cosine, "schedule"),
        (&cosine, &plain, "schedule"),
        (&plain, &turned, "augmentation.rotation"),
        (&turned, &plain, "augmentation.rotation"),
        (&plain, &other, "optimizer.lr (was 0.01, now 0.02)"),
    ] {
        let error = check_resumable(before, now)
            .expect_err("they differ")
            .to_string();
        let (_, differing) = error.split_once("differing: ").expect("a list");
        assert!(differing.contains(name), "{error}");
    }
    let longer = parse(
        "dataset.source = \"built-in\"\n[optimizer]\nlr = 0.01\n[training]\nepochs = 90",
        &[],
    )
    .expect("valid");
    check_resumable(&plain, &longer).expect("only its length differs");
}

/// The trained networks that the program carries were written by several versions; each keeps its run file.
#[cfg(feature = "zoo")]
#[test]
fn the_run_files_of_the_zoo_are_read_and_written_anew() {
    use gcnn_train::weights::model_file::ModelFile;

    for entry in gcnn_models::zoo::entries() {
        let name = entry.name;
        let (file, _) = ModelFile::load(Path::new(&format!("zoo:{name}"))).expect(name);
        let text = file.config.to_toml().expect("TOML");
        assert_eq!(parse(&text, &[]).as_ref(), Ok(&file.config), "{text}");
        assert!(
            !text.contains("momentum") && text.contains("beta_1"),
            "{text}"
        );
    }
}
