// Names of duty posts and roles.
import type { Text } from '@/i18n/text';

export function postName(post: string, text: Text): string {
  return (text.common.posts as Record<string, string>)[post] ?? post;
}
export function roleName(role: string, text: Text): string {
  return (text.common.roles as Record<string, string>)[role] ?? role;
}
