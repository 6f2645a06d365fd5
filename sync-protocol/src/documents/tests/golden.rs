//! The constants are for ever the same bytes: the golden files are what every site has.

use data_encoding::HEXLOWER;

use super::super::constant::generate;
use super::*;

#[test]
fn the_constants_are_the_golden_files() {
    for kind in Kind::ALL {
        let path = format!("{}/vectors/constants/{kind}.hex", env!("CARGO_MANIFEST_DIR"));
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        let made = HEXLOWER.encode(&generate(kind));
        assert_eq!(golden.lines().next().unwrap_or_default(), made, "{kind}: a constant never changes");
        assert_eq!(constants(kind).len(), golden.lines().count());
        assert_eq!(constants(kind)[0].bytes, generate(kind));
        assert_eq!(constant_hashes(kind)[0], constants(kind)[0].hash);
    }
}
