// Which kinds of unit the form offers below another. What may really stand there, the server's rules decide.

const BELOW = {
  province: ['city', 'district', 'school', 'employer', 'hospital'],
  city: ['district', 'street', 'community', 'school', 'employer', 'hospital'],
  district: ['street', 'community', 'grid', 'school', 'employer', 'hospital'],
  street: ['community', 'grid', 'school', 'employer', 'hospital'],
  community: ['grid', 'school', 'employer', 'hospital'],
  grid: [],
  school: ['grade', 'class'],
  grade: ['class'],
  class: [],
  employer: ['department'],
  department: ['department', 'ward'],
  hospital: ['department', 'ward'],
  ward: [],
} as const;

export type OrgKind = keyof typeof BELOW;

export function kindsBelow(kind: string): readonly OrgKind[] {
  return kind in BELOW ? BELOW[kind as OrgKind] : [];
}
