//! What each property is and where it comes from, read from the comment that its file begins with:
//! so the table says what the code says.

use std::fs;
use std::path::Path;

/// A property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Property {
    /// Its id.
    pub(super) id: String,
    /// What must hold.
    pub(super) what: String,
    /// Where it comes from.
    pub(super) source: String,
    /// Its file.
    pub(super) file: String,
}

/// The properties in `folder`, by id.
pub(super) fn read(folder: &Path) -> Result<Vec<Property>, String> {
    let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let Some(file) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if path.is_file() {
            let text = fs::read_to_string(&path).map_err(failed)?;
            found.extend(property(file, &text));
        }
    }
    found.sort_by_key(|p| (p.id.chars().next(), p.id.len(), p.id.clone(), p.file.clone()));
    Ok(found)
}

/// The property that `text` begins with; none if the file is about something else.
fn property(file: &str, text: &str) -> Option<Property> {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    let lines: Vec<&str> = lines.map(str::trim).take_while(|line| !line.is_empty()).collect();
    let paragraph = lines.join(" ");
    let (id, rest) = paragraph.split_once(", ")?;
    let is_id = id.starts_with(['R', 'S']) && id[1..].parse::<u8>().is_ok();
    if !is_id {
        return None;
    }
    // The source stands in parentheses, which may hold others.
    let (what, source) = rest.split_once(" (").unwrap_or((rest, "see its file)"));
    let what = what.trim_end_matches('.').to_owned();
    let source = source.trim_end_matches('.').trim_end_matches(')').to_owned();
    Some(Property { id: id.into(), what, source, file: file.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_what_its_file_begins_with() {
        let text = "//! R9, terms never go back: a\n//! replica does not (Raft, figure 2).\n//!\n//! So.\n";
        let found = property("terms_grow.rs", text).expect("it is one");
        assert_eq!(found.what, "terms never go back: a replica does not");
        assert_eq!((found.id.as_str(), found.source.as_str()), ("R9", "Raft, figure 2"));
        assert_eq!(property("story.rs", "//! Short stories, told.\n"), None);
    }
}
