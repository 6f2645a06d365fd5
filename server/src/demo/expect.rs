//! What must be there afterwards, field by field: taken from the edits as they were typed, looked up in what is shown.

use sync_protocol::documents::{Answer, Edit, Projection};

/// One thing that somebody entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entered {
    /// A field.
    Field(String, Answer),
    /// A field of an entry of a group.
    OfEntry(String, String, String, Answer),
    /// A member of a set.
    Member(String, String),
}

/// Everything that these edits say.
#[must_use]
pub fn entered(edits: &[Edit]) -> Vec<Entered> {
    let mut all = Vec::new();
    for edit in edits {
        match edit {
            Edit::Set { field, value } => all.push(Entered::Field(field.clone(), value.clone())),
            Edit::Add { group, entry, values, .. } => all.extend(values.iter().map(|(field, value)| {
                Entered::OfEntry(group.clone(), entry.to_string(), field.clone(), value.clone())
            })),
            Edit::Include { set, member, .. } => all.push(Entered::Member(set.clone(), member.clone())),
            // The story does not use the others where it compares.
            _ => {}
        }
    }
    all
}

/// The paths of what is not there as it was entered.
#[must_use]
pub fn missing(shown: &Projection, all: &[Entered]) -> Vec<String> {
    all.iter().filter(|one| !is_there(shown, one)).map(Entered::path).collect()
}

fn is_there(shown: &Projection, entered: &Entered) -> bool {
    match entered {
        Entered::Field(path, value) => shown.field(path).is_some_and(|field| field.value == *value),
        Entered::OfEntry(group, entry, field, value) => {
            let found = shown.entries(group).iter().find(|found| found.entry == *entry);
            found.and_then(|found| found.fields.get(field)).is_some_and(|field| field.value == *value)
        }
        Entered::Member(group, member) => shown.fields(group).is_some_and(|fields| fields.contains_key(member)),
    }
}

impl Entered {
    /// Where it stands; says nothing about the person.
    fn path(&self) -> String {
        match self {
            Self::Field(path, _) => path.clone(),
            Self::OfEntry(group, entry, field, _) => format!("{group}.{entry}.{field}"),
            Self::Member(group, member) => format!("{group}.{member}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use sync_protocol::documents::{self, Kind};
    use sync_protocol::ids::{Actor, Millis};

    use super::*;
    use crate::demo::people::{set, text};
    use crate::sample::{People, Who};

    #[test]
    fn what_was_entered_is_found_and_what_was_not_is_named() {
        let edits = People::new(3, 2024).intake(Who::Girl);
        let mut doc = documents::blank(Kind::Case);
        let shown = documents::edit::heads(&doc);
        documents::apply(&mut doc, Kind::Case, &shown, Actor::new([1; 16]), Millis(0), &edits).unwrap();
        let projection = documents::project(Kind::Case, &doc).unwrap();
        let mut all = entered(&edits);
        assert!(all.len() >= 30);
        assert_eq!(missing(&projection, &all), Vec::<String>::new());
        all.extend(entered(&[set("identity.called", text("Nana"))]));
        assert_eq!(missing(&projection, &all), ["identity.called"]);
    }
}
