//! One alarm per screening, whoever makes it.

use crate::ids::{AlarmId, PersonId, ScreeningId};
use uuid::Uuid;

/// The tablet and the server work out the same id, so that the alarm raised offline and the one raised on arrival are
/// one alarm.
pub fn alarm_id(screening: ScreeningId) -> AlarmId {
    AlarmId(Uuid::new_v5(&screening.0, b"alarm"))
}

/// A screening that was moved to the right person rings anew for that person: the first alarm was about somebody else.
pub fn alarm_id_for(screening: ScreeningId, person: PersonId) -> AlarmId {
    AlarmId(Uuid::new_v5(&screening.0, format!("alarm|{person}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screening_always_has_the_same_alarm() {
        let screening = ScreeningId(Uuid::from_u128(0x0193_5c7e_0000_7000_8000_0000_0000_0001));
        let expected = "c1eb7c1e-4b73-5ac0-bed8-be85275575f3";
        assert_eq!(alarm_id(screening).to_string(), expected);
        assert_ne!(alarm_id(ScreeningId(Uuid::from_u128(1))), alarm_id(screening));
    }
}
