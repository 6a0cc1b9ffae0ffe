//! Precision and recall of every class.

use gcnn_train::task::class_report::ClassReport;

use super::html::{self, Cell, count};

/// The section; `groups` says that images were cut from larger ones.
pub fn section(report: &ClassReport, groups: bool) -> String {
    let rows: Vec<Vec<Cell>> = report
        .classes
        .iter()
        .map(|class| {
            vec![
                Cell::Words(class.name.clone()),
                Cell::Number(count(class.examples)),
                Cell::Share(class.recall, class.recall_interval),
                Cell::Share(class.precision, class.precision_interval),
            ]
        })
        .collect();
    let method = match groups {
        true => "a bootstrap over what the images were cut from, which is what varies",
        false => "Wilson's",
    };
    let about = format!(
        "Recall: of the images of a class, the share that is recognised. Precision: of the answers with a class, the share that is \
         right. Below each the 95 % interval, {method}: with few images it is wide."
    );
    let head = ["class", "images", "recall", "precision"];
    let body = format!("{}{}", html::aside(&about), html::table(&head, &rows));
    html::section("classes", "Class by class", &body)
}
