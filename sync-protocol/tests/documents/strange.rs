//! Histories with what no typed edit writes: newer fields, other types, hidden and deleted containers, foreign actors.

use std::collections::BTreeMap;

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{ActorId, Automerge, ObjId, ObjType, ROOT, ReadDoc, ScalarValue};
use sync_protocol::documents::edit::heads;
use sync_protocol::documents::schema::{self, Rule, Shape};
use sync_protocol::documents::{Edit, EntryId, Kind};
use sync_protocol::ids::{Actor, Millis};

use sync_protocol::limits::INTEGER_MAX;

use super::values::right;
use super::world::World;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const AT: i64 = 1_714_478_400_000;

/// The bytes of a change that no typed edit makes.
fn raw(doc: &Automerge, actor: &[u8], edit: impl FnOnce(&mut Transaction<'_>)) -> Vec<u8> {
    let mut fork = doc.clone().with_actor(ActorId::from(actor));
    let mut tx = fork.transaction();
    edit(&mut tx);
    tx.commit_with(CommitOptions::default().with_time(AT / 1_000));
    fork.get_last_local_change().unwrap().raw_bytes().to_vec()
}

fn container(tx: &Transaction<'_>, key: &str) -> ObjId {
    tx.get(ROOT, key).unwrap().unwrap().1
}

/// Scalars of every type under the fields of scalars and as members of sets.
fn scalars(kind: Kind, tx: &mut Transaction<'_>) {
    let values = || {
        [
            ScalarValue::F64(3.0),
            ScalarValue::F64(-0.0),
            ScalarValue::F64(2.5),
            ScalarValue::F64(1e300),
            ScalarValue::Uint(7),
            ScalarValue::Uint(u64::MAX),
            ScalarValue::Uint(1 << 52),
            ScalarValue::Int(INTEGER_MAX),
            ScalarValue::Int(i64::MIN),
            ScalarValue::Int(1 << 53),
            ScalarValue::counter(4),
            ScalarValue::Timestamp(AT),
            ScalarValue::Bytes(vec![1, 2, 3]),
            ScalarValue::Null,
            ScalarValue::Boolean(true),
            ScalarValue::Str("texte".into()),
        ]
    };
    let mut values = values().into_iter().cycle();
    for group in schema::groups(kind) {
        let map = container(tx, group.key);
        match group.rule {
            Rule::Scalars => {
                for field in group.fields {
                    tx.put(&map, field.key, values.next().unwrap()).unwrap();
                }
            }
            Rule::Set { .. } => {
                for member in ["x", "avec espace", "05050505-0505-0505-0505-050505050505"] {
                    tx.put(&map, member, values.next().unwrap()).unwrap();
                }
            }
            _ => {
                tx.put(&map, "AAAAAAAAAAA", values.next().unwrap()).unwrap();
                let entry = tx.put_object(&map, "pas-un-identifiant", ObjType::Map).unwrap();
                for field in group.fields.iter().chain(schema::COMMON) {
                    tx.put(&entry, field.key, values.next().unwrap()).unwrap();
                }
            }
        }
    }
}

/// Objects where scalars belong, and the other way round.
fn objects(kind: Kind, tx: &mut Transaction<'_>) {
    for group in schema::groups(kind) {
        let map = container(tx, group.key);
        match group.rule {
            Rule::Scalars | Rule::Set { .. } => {
                tx.put_object(&map, "no_such_map", ObjType::Map).unwrap();
                let key = group.fields.first().map_or("bam", |field| field.key);
                let text = tx.put_object(&map, key, ObjType::Text).unwrap();
                tx.splice_text(&text, 0, 0, "un texte partagé").unwrap();
            }
            _ => {
                let entry = tx.put_object(&map, "BBBBBBBBBBA", ObjType::Map).unwrap();
                tx.put(&entry, "no_such_field", 1).unwrap();
                for field in group.fields {
                    if field.shape == Shape::Note {
                        tx.put(&entry, field.key, "une note en texte simple").unwrap();
                    } else {
                        tx.put_object(&entry, field.key, ObjType::List).unwrap();
                    }
                }
                tx.put_object(&map, "CCCCCCCCCCA", ObjType::List).unwrap();
            }
        }
    }
    let newer = tx.put_object(ROOT, "newer_group", ObjType::Map).unwrap();
    tx.put(&newer, "field", "value").unwrap();
}

/// One container gone, one hidden, the version gone.
fn damage(kind: Kind, tx: &mut Transaction<'_>) {
    let [first, second, ..] = schema::groups(kind) else { panic!("every kind has two groups") };
    tx.delete(ROOT, first.key).unwrap();
    let other = tx.put_object(ROOT, second.key, ObjType::Map).unwrap();
    tx.put(&other, "a", 1).unwrap();
    let meta = container(tx, schema::META);
    tx.put(&meta, "version", "deux").unwrap();
}

/// A field of everything by typed edits, between and after what is strange.
fn honest(world: &mut World, turn: u8) {
    let mut rng = ChaCha8Rng::seed_from_u64(u64::from(turn));
    let actor = Actor::new([turn; 16]);
    for group in schema::groups(world.kind) {
        let mut values = BTreeMap::new();
        let edits: Vec<Edit> = match group.rule {
            Rule::Scalars => {
                let field = |key: &str| format!("{}.{key}", group.key);
                let set =
                    |rng: &mut ChaCha8Rng, key, shape| Edit::Set { field: field(key), value: right(rng, shape, &[]) };
                group.fields.iter().take(2).map(|f| set(&mut rng, f.key, f.shape)).collect()
            }
            Rule::Set { .. } => vec![Edit::Exclude { set: group.key.to_owned(), member: "x".to_owned() }],
            _ => {
                for field in group.fields {
                    values.insert(field.key.to_owned(), right(&mut rng, field.shape, &[]));
                }
                let (name, entry) = (group.key.to_owned(), EntryId::new([turn; 8]));
                vec![Edit::Add { group: name, entry, values, at: None, from: None }]
            }
        };
        let _ = world.step(&heads(&world.doc), actor, Millis(AT + i64::from(turn)), &edits);
    }
}

pub fn history(kind: Kind) -> World {
    let mut world = World::new(kind);
    // Side by side, one of them by an actor that is none of ours.
    let one = raw(&world.doc, &[9; 16], |tx| scalars(kind, tx));
    let other = raw(&world.doc, &[8; 20], |tx| objects(kind, tx));
    world.raw(&one);
    world.raw(&other);
    honest(&mut world, 1);
    let damaging = raw(&world.doc, &[3; 4], |tx| damage(kind, tx));
    world.raw(&damaging);
    honest(&mut world, 2);
    world
}
