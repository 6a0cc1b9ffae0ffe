//! Pictures whose classes a table says.

use super::*;

fn table(files: &[impl AsRef<str>], text: &str) -> (TempDir, ImageFolderConfig) {
    let folder = folder_of(files);
    fs::write(folder.path().join("labels.csv"), text).unwrap();
    let config = ImageFolderConfig::new(folder.path());
    (folder, config)
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> (Vec<String>, String) {
    let files = (0..count).map(|at| format!("scans/{at:02}.png"));
    let text = (0..count).map(|at| format!("scans/{at:02}.png,{}\n", line(at)));
    (files.collect(), text.collect())
}

#[test]
fn a_table_gives_classes_and_pictures_are_dealt() {
    let (files, text) = lines(40, |at| ["cat", "caf\u{e9}"][at % 2].into());
    let (folder, config) = table(&files, &format!("file,class\n{text}"));
    let splits = config.load().unwrap();
    assert_eq!(splits.train.class_names().unwrap(), ["caf\u{e9}", "cat"]);
    let counts = [&splits.train, &splits.valid, &splits.test].map(|images| images.count());
    assert_eq!(counts, [28, 6, 6]);
    for (label, number) in splits.test.labels().iter().zip(numbers(&splits.test)) {
        assert_eq!(usize::from(*label), 1 - number % 2);
    }
    let said = splits.description.origin;
    assert!(
        said.contains(", by its table labels.csv; dealt 70, 15"),
        "{said}"
    );
    let resolved = config.resolved().unwrap();
    assert_eq!(resolved.labels.as_deref(), Some("labels.csv"));
    assert_eq!(resolved.load().unwrap().description.origin, said);
    let mut elsewhere = resolved.clone();
    let other_folder = folder_of(&["x/1.png", "y/2.png"]);
    elsewhere.use_all_of(other_folder.path()).unwrap();
    assert_eq!(elsewhere.load_split(Split::All).unwrap().images.count(), 2);
    elsewhere.use_all_of(folder.path()).unwrap();
    assert_eq!(elsewhere.load_split(Split::All).unwrap().images.count(), 40);
    // Another one by its name; its pictures are relative to the folder all the same.
    fs::create_dir(folder.path().join("tables")).unwrap();
    let other = folder.path().join("tables/two.tsv");
    fs::write(
        other,
        "class\tfile\tsplit\nx\t./scans/03.png\ttrain\nx\tscans/04.png\ttest\n",
    )
    .unwrap();
    let config = config.with_labels("tables/two.tsv");
    assert_eq!(
        numbers(&config.load_split(Split::Test).unwrap().images),
        [4]
    );
    assert_eq!(
        numbers(&config.load_split(Split::All).unwrap().images),
        [3, 4]
    );
    let found = error(&config);
    assert!(
        found.contains("two.tsv: expected at least one picture, found none"),
        "{found}"
    );
    assert!(error(&config.with_split([0.6, 0.2, 0.2])).contains("has a column `split`"));
}

#[test]
fn its_splits_and_groups_are_taken() {
    let (files, text) = lines(12, |at| {
        let split = ["train", "train", "valid", "test"][at / 3];
        format!("{},{split},patient {}", ["a", "b"][at % 2], at / 2)
    });
    let (_folder, config) = table(&files, &format!("file,class,split,group\n{text}"));
    let splits = config.load().unwrap();
    assert_eq!(numbers(&splits.train), [0, 2, 4, 1, 3, 5]);
    assert_eq!(splits.train.sources(), Some(&[0, 1, 2, 0, 1, 2][..]));
    assert_eq!(splits.test.sources(), Some(&[5, 4, 5][..]));
    let said = splits.description.origin;
    assert!(said.ends_with("; 1 group is in several splits"), "{said}");
    let found = error(&config.with_groups("scans/(.)"));
    assert!(
        found.contains("groups: expected none: the table has a column `group`"),
        "{found}"
    );
}

#[test]
fn its_groups_are_dealt_whole() {
    let (files, text) = lines(60, |at| format!("{},{}", ["a", "b"][at % 2], at / 4));
    let (_folder, config) = table(&files, &format!("file,class,group\n{text}"));
    let splits = config.with_fold(2, 5).load().unwrap();
    assert_eq!(splits.test.count(), 12);
    let sources = |images: &ImageDataset| {
        let sources = images.sources().unwrap().iter().copied();
        sources.collect::<std::collections::BTreeSet<u32>>()
    };
    let [train, valid, test] = [&splits.train, &splits.valid, &splits.test].map(|it| sources(it));
    assert_eq!(train.len() + valid.len() + test.len(), 15);
    assert!(train.is_disjoint(&valid) && train.is_disjoint(&test) && valid.is_disjoint(&test));
}

#[test]
fn names_in_another_form_of_unicode_are_found() {
    let text = "file,class,split\nu\u{308}.png,a,train\n\u{f6}.png,a,valid\nb.png,a,test\n";
    let (_folder, config) = table(&["\u{fc}.png", "o\u{308}.png", "b.png"], text);
    let splits = config.load().unwrap();
    assert_eq!([numbers(&splits.train), numbers(&splits.valid)], [[0], [1]]);
}

#[test]
fn what_it_names_has_to_be_there_and_folders_of_splits_come_first() {
    let (folder, config) = table(&["a.png"], "file,class\na.png,x\nb.png,x\n");
    let found = error(&config);
    assert!(
        found.contains("b.png is missing: expected a picture, as line 3 of "),
        "{found}"
    );
    fs::write(folder.path().join("b.png"), b"no picture").unwrap();
    let found = config.load_split(Split::All).unwrap_err().to_string();
    assert!(
        found.contains("b.png: expected an intact picture"),
        "{found}"
    );
    for bad in ["../a.png", "/etc/passwd", "x/../../a.png"] {
        let path = folder.path().join("labels.csv");
        fs::write(path, format!("file,class\n{bad},x\n")).unwrap();
        assert!(
            error(&config).contains("line 2, column 1 (`file`)"),
            "{bad}"
        );
    }
    let many: String = (0..257).map(|at| format!("a{at}.png,c{at}\n")).collect();
    fs::write(
        folder.path().join("labels.csv"),
        format!("file,class\n{many}"),
    )
    .unwrap();
    assert!(error(&config).contains("1 to 256 classes, found 257"));

    // Folders that were read before there were tables are read as they were.
    let folder = folder_of(&["train/a/1.png", "valid/a/2.png", "test/a/3.png"]);
    fs::write(folder.path().join("labels.csv"), "something else").unwrap();
    let config = ImageFolderConfig::new(folder.path());
    assert_eq!(config.load().unwrap().train.count(), 1);
    assert_eq!(config.resolved().unwrap().labels, None);
    assert!(error(&config.with_labels("labels.csv")).contains("the column `file`"));
}
