// Accounts, duty and one's own second factor: everything this feature asks the server.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { get, post, put } from '@/api/http';
import { sessionKey } from '@/api/session';
import type {
  AccountRequest,
  AccountRow,
  Duty,
  NewAccount,
  NewOrgUnit,
  OneTimeLink,
  OrgUnit,
  SecondFactorStart,
  SetupInfo,
  SignedIn,
  SignIn,
  Waiting,
} from '@/api/types';

const listOf = <T>(answer: T[] | { items: T[] }): T[] => (Array.isArray(answer) ? answer : answer.items);

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (form: SignIn) => post<SignedIn>('/sessions', form),
    onSuccess: () => client.removeQueries({ queryKey: sessionKey }),
  });
}

export function useSetup(token: string) {
  return useQuery({ queryKey: ['setup', token], queryFn: () => get<SetupInfo>(`/setup/${encodeURIComponent(token)}`) });
}
export function useSetFirstPassword(token: string) {
  return useMutation({
    mutationFn: (password: string) => post<SignedIn>(`/setup/${encodeURIComponent(token)}`, { password }),
  });
}

export function useAccounts(refetchInterval: number | false = false) {
  return useQuery({
    queryKey: ['accounts'],
    queryFn: async () => listOf(await get<AccountRow[]>('/accounts')),
    refetchInterval,
  });
}
export function useOrgUnits() {
  return useQuery({
    queryKey: ['org-units'],
    queryFn: async () => listOf(await get<OrgUnit[]>('/org-units')),
    staleTime: 600_000,
  });
}
export function useSaveOrgUnit() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (row: { id: string; form: NewOrgUnit }) => put<OrgUnit>(`/org-units/${row.id}`, row.form),
    onSuccess: () => client.invalidateQueries({ queryKey: ['org-units'] }),
  });
}
export function useSaveAccount() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (row: { id: string; form: NewAccount }) => put<OneTimeLink>(`/accounts/${row.id}`, row.form),
    onSuccess: () => client.invalidateQueries({ queryKey: ['accounts'] }),
  });
}
export function useAccountCommand() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (row: { id: string; verb: 'disable' | 'enable' | 'reset' }) =>
      post<OneTimeLink | Waiting | undefined>(`/accounts/${row.id}/${row.verb}`),
    onSuccess: () => client.invalidateQueries({ queryKey: ['accounts'] }),
  });
}
/** The second person's answer. Decided or changed meanwhile: the list is read again either way. */
export function useDecision() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (row: { account: string; request: AccountRequest; verb: 'approve' | 'reject' }) =>
      post<void>(`/accounts/${row.account}/${row.request.kind}/${row.verb}`, { request_id: row.request.id }),
    onSettled: () => client.invalidateQueries({ queryKey: ['accounts'] }),
  });
}

export function useChangePassword() {
  return useMutation({
    mutationFn: (form: { old_password: string; password: string }) => post<void>('/me/password', form),
  });
}
/** What shows that it is the owner who takes the present factor away. */
export type Proof = { password: string; code: string };
export function useSecondFactor() {
  const client = useQueryClient();
  const again = () => client.invalidateQueries({ queryKey: sessionKey });
  return {
    start: useMutation({
      mutationFn: (proof: Proof | undefined) => post<SecondFactorStart>('/me/second-factor/start', proof),
    }),
    confirm: useMutation({
      mutationFn: (code: string) => post<void>('/me/second-factor/confirm', { code }),
      onSuccess: again,
    }),
    remove: useMutation({
      mutationFn: (proof: Proof) => post<void>('/me/second-factor/remove', proof),
      onSuccess: again,
    }),
  };
}

export function useDuty() {
  return useQuery({ queryKey: ['duty'], queryFn: () => get<Duty>('/duty'), refetchInterval: 30_000 });
}
export function useDutyCommand() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (act: { post: string; verb: 'on' | 'off' | 'hand-over'; org_id: string; to_account?: string }) =>
      post<void>(`/duty/${act.post}/${act.verb}`, { org_id: act.org_id, to_account: act.to_account }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['duty'] });
      void client.invalidateQueries({ queryKey: sessionKey });
    },
  });
}
