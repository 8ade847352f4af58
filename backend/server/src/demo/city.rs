//! 晴川市, which does not exist: its districts, streets, communities, grids, schools and hospital.

use super::id;
use rules::ids::OrgId;
use rules::people::OrgKind;

pub const NAME: &str = "晴川市（虚构）";
pub const GRIDS_OF_A_COMMUNITY: usize = 3;
pub const PEOPLE_OF_A_GRID: usize = 16;
pub const PEOPLE_OF_A_CLASS: usize = 10;

struct District {
    name: &'static str,
    /// Two streets, and the two communities of each.
    streets: [(&'static str, [&'static str; 2]); 2],
}

const DISTRICTS: [District; 10] = [
    District {
        name: "青枫区",
        streets: [("枫林街道", ["枫溪社区", "竹溪社区"]), ("晚晴街道", ["望月社区", "松涛社区"])],
    },
    District {
        name: "澄湖区",
        streets: [("湖东街道", ["镜湖社区", "荷风社区"]), ("云栖街道", ["云栖社区", "白鹭社区"])],
    },
    District {
        name: "柏川区",
        streets: [("柏树街道", ["古柏社区", "川北社区"]), ("清源街道", ["清源社区", "石泉社区"])],
    },
    District {
        name: "临渚区",
        streets: [("芦渚街道", ["芦花社区", "江湾社区"]), ("沙洲街道", ["沙洲社区", "渡口社区"])],
    },
    District {
        name: "石桥区",
        streets: [("拱桥街道", ["拱桥社区", "桥西社区"]), ("砚台街道", ["砚台社区", "书院社区"])],
    },
    District {
        name: "望潮区",
        streets: [("听潮街道", ["听潮社区", "观澜社区"]), ("海棠街道", ["海棠社区", "帆影社区"])],
    },
    District {
        name: "新港区",
        streets: [("港前街道", ["港前社区", "灯塔社区"]), ("集贤街道", ["集贤社区", "锚地社区"])],
    },
    District {
        name: "东麓区",
        streets: [("东麓街道", ["东麓社区", "梅岭社区"]), ("晨光街道", ["晨光社区", "果园社区"])],
    },
    District {
        name: "北岭县",
        streets: [("北岭镇", ["北门社区", "岭上村"]), ("茶山乡", ["茶山村", "雾谷村"])],
    },
    District {
        name: "南汀县",
        streets: [("南汀镇", ["汀兰社区", "水口社区"]), ("荷塘乡", ["荷塘村", "柳湾村"])],
    },
];

/// Name, district, and whether the classes are of the upper school.
const SCHOOLS: [(&str, usize); 2] = [("晴川第二中学", 0), ("澄湖实验中学", 1)];
const CLASSES: [(&str, [&str; 2]); 2] =
    [("高一年级", ["高一（1）班", "高一（2）班"]), ("高二年级", ["高二（1）班", "高二（2）班"])];

pub const ROADS: [&str; 16] = [
    "滨江路",
    "枫井巷",
    "晚晴路",
    "望月街",
    "松涛路",
    "镜湖路",
    "荷风巷",
    "白鹭街",
    "古柏路",
    "清源街",
    "芦花路",
    "拱桥巷",
    "书院街",
    "听潮路",
    "灯塔路",
    "晨光街",
];

#[derive(Debug, Clone)]
pub struct Unit {
    pub id: OrgId,
    pub parent: Option<OrgId>,
    pub kind: OrgKind,
    pub code: String,
    pub name: String,
}

/// A place where people are registered.
#[derive(Debug, Clone, Copy)]
pub struct Home {
    pub org: OrgId,
    pub district: usize,
    pub is_class: bool,
}

#[derive(Debug, Clone)]
pub struct City {
    /// Parents before their children.
    pub units: Vec<Unit>,
    pub homes: Vec<Home>,
    pub root: OrgId,
    pub districts: Vec<OrgId>,
    /// Where the demo's own field staff work.
    pub street: OrgId,
    pub community: OrgId,
    pub grid: OrgId,
    pub school: OrgId,
}

pub fn org(code: &str) -> OrgId {
    OrgId(id("org", code))
}

impl City {
    pub fn plan() -> Self {
        let mut city = Self {
            units: Vec::new(),
            homes: Vec::new(),
            root: org("qc"),
            districts: Vec::new(),
            street: org("qc-01-1"),
            community: org("qc-01-1-1"),
            // the third grid of the first community: the list on the tablet
            grid: org("qc-01-1-1-3"),
            school: org("qc-s1"),
        };
        city.add(None, OrgKind::City, "qc".to_owned(), NAME);
        for (at, district) in DISTRICTS.iter().enumerate() {
            city.add_district(at, district);
        }
        for (at, (name, district)) in SCHOOLS.iter().enumerate() {
            city.add_school(at, name, *district);
        }
        let hospital = city.add(
            city.districts.first().copied(),
            OrgKind::Hospital,
            "qc-h1".to_owned(),
            "晴川市心理医院",
        );
        city.add(Some(hospital), OrgKind::Ward, "qc-h1-w1".to_owned(), "危机干预病区");
        city
    }

    fn add(&mut self, parent: Option<OrgId>, kind: OrgKind, code: String, name: &str) -> OrgId {
        let id = org(&code);
        self.units.push(Unit { id, parent, kind, code, name: name.to_owned() });
        id
    }

    fn add_district(&mut self, at: usize, district: &District) {
        let code = format!("qc-{:02}", at + 1);
        let district_id = self.add(Some(self.root), OrgKind::District, code.clone(), district.name);
        self.districts.push(district_id);
        for (s, (street, communities)) in district.streets.iter().enumerate() {
            let code = format!("{code}-{}", s + 1);
            let street_id = self.add(Some(district_id), OrgKind::Street, code.clone(), street);
            for (c, community) in communities.iter().enumerate() {
                let code = format!("{code}-{}", c + 1);
                let community_id = self.add(Some(street_id), OrgKind::Community, code.clone(), community);
                for grid in 1..=GRIDS_OF_A_COMMUNITY {
                    let name = format!("第 {grid} 网格");
                    let org = self.add(Some(community_id), OrgKind::Grid, format!("{code}-{grid}"), &name);
                    self.homes.push(Home { org, district: at, is_class: false });
                }
            }
        }
    }

    fn add_school(&mut self, at: usize, name: &str, district: usize) {
        let code = format!("qc-s{}", at + 1);
        let school = self.add(self.districts.get(district).copied(), OrgKind::School, code.clone(), name);
        for (g, (grade, classes)) in CLASSES.iter().enumerate() {
            let code = format!("{code}-{}", g + 1);
            let grade = self.add(Some(school), OrgKind::Grade, code.clone(), grade);
            for (c, class) in classes.iter().enumerate() {
                let org = self.add(Some(grade), OrgKind::Class, format!("{code}-{}", c + 1), class);
                self.homes.push(Home { org, district, is_class: true });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn every_unit_fits_below_its_parent_and_no_code_is_used_twice() {
        let city = City::plan();
        let kinds: BTreeMap<OrgId, OrgKind> = city.units.iter().map(|unit| (unit.id, unit.kind)).collect();
        assert_eq!(kinds.len(), city.units.len());
        for unit in &city.units {
            assert!(unit.parent.is_none_or(|parent| unit.kind.fits_below(kinds[&parent])), "{}", unit.name);
        }
        for id in [city.street, city.community, city.grid, city.school] {
            assert!(kinds.contains_key(&id));
        }
        let grids = city.homes.iter().filter(|home| !home.is_class).count();
        let classes = city.homes.len() - grids;
        assert_eq!(grids * PEOPLE_OF_A_GRID + classes * PEOPLE_OF_A_CLASS, 2_000);
    }
}
