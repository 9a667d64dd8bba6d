//! Golden files: what a run told, judged once by a person and kept.

/// Asserts that `text` is what the golden file `name` holds. With `UPDATE_GOLDEN` set, keeps `text`
/// instead: look at what changed before you commit it.
pub(crate) fn compare_with_golden(name: &str, text: &str) {
    let path = format!("{}/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).expect("the golden folder can be written");
    }
    let golden =
        std::fs::read_to_string(&path).expect("the golden trace is part of the repository");
    let differs = golden.lines().zip(text.lines()).position(|(g, t)| g != t);
    if let Some(at) =
        differs.or((golden != text).then_some(golden.lines().count().min(text.lines().count())))
    {
        panic!(
            "the story differs from {path} at line {}:\n golden: {}\n    now: {}\n\
             judge the new one, then keep it with UPDATE_GOLDEN=1",
            at + 1,
            golden.lines().nth(at).unwrap_or("(its end)"),
            text.lines().nth(at).unwrap_or("(its end)")
        );
    }
}
