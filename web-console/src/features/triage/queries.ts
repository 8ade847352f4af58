// The triage queue and one item in full: everything this feature asks.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { get, post } from '@/api/http';
import { type Board, boardKey, emptyBoard, withQueueItem } from '@/api/live';
import type { QueueItem, QueueItemFull, Uuid } from '@/api/types';

/** The rows of the board that the live socket keeps fresh. The board itself is fetched by whoever shows it. */
export function useQueue(): QueueItem[] {
  const board = useQuery<Board>({ queryKey: boardKey, enabled: false });
  return Object.values(board.data?.queue ?? {});
}

export function useQueueItem(id: Uuid | undefined) {
  return useQuery({
    queryKey: ['queue-item', id],
    enabled: id !== undefined,
    queryFn: () => get<QueueItemFull>(`/queue/${id}`),
  });
}

export type TriageVerb = 'confirm' | 'change' | 'second' | 'contacted' | 'attempted' | 'close';

export function useTriageCommand() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (act: { item: QueueItem; verb: TriageVerb; body?: Record<string, unknown> }) =>
      post<{ item?: QueueItem; queue_item?: QueueItem } | QueueItem>(`/queue/${act.item.id}/${act.verb}`, {
        ...act.body,
        expected_version: act.item.version,
      }),
    onSuccess: (answer, act) => {
      const item = itemOf(answer);
      if (item !== undefined) client.setQueryData<Board>(boardKey, (board) => withQueueItem(board ?? emptyBoard, item));
      void client.invalidateQueries({ queryKey: ['queue-item', act.item.id] });
    },
    onError: (_error, act) => client.invalidateQueries({ queryKey: ['queue-item', act.item.id] }),
  });
}

function itemOf(answer: { item?: QueueItem; queue_item?: QueueItem } | QueueItem | undefined): QueueItem | undefined {
  if (answer === undefined) return undefined;
  if ('id' in answer) return answer;
  return answer.queue_item ?? answer.item;
}
