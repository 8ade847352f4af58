// Names of duty posts and roles.
import type { RoleAt } from '@/api/types';
import type { Text } from '@/i18n/text';

export function postName(post: string, text: Text): string {
  return (text.common.posts as Record<string, string>)[post] ?? post;
}
export function roleName(role: string, text: Text): string {
  return (text.common.roles as Record<string, string>)[role] ?? role;
}
export function rolesText(roles: RoleAt[], text: Text): string {
  return roles
    .map((each) => [roleName(each.role, text), each.org_name].filter(Boolean).join(' '))
    .join(text.common.listComma);
}
