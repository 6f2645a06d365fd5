//! The constants are for ever the same bytes: the golden files are what every site has.

use super::super::constant::generate;
use super::*;

#[test]
fn the_constants_are_the_golden_files() {
    for kind in Kind::ALL {
        let [constant] = constants(kind) else { panic!("{kind}: one schema version, one constant") };
        assert_eq!(constant.bytes, generate(kind), "{kind}: a constant never changes");
        assert_eq!(constant_hashes(kind), [constant.hash]);
        assert_eq!(edit::heads(&blank(kind)), [constant.hash]);
        assert_eq!(constant.version, schema::VERSION);
    }
}

#[test]
fn a_kind_keeps_its_number_and_name() {
    let known = Kind::ALL.map(|kind| (kind.code(), kind.name()));
    assert_eq!(known, [(1, "case"), (2, "movement"), (3, "household"), (4, "annex"), (5, "link"), (6, "referral")]);
    for kind in Kind::ALL {
        assert_eq!(Kind::from_code(kind.code()), Some(kind));
        assert_eq!(kind.name().parse(), Ok(kind));
        assert_eq!(minicbor::to_vec(kind).unwrap(), [kind.code()]);
    }
    assert_eq!((Kind::from_code(7), minicbor::decode::<Kind>(&[7]).is_err()), (None, true));
}
