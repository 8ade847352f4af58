// The board, one alarm in full, and the link to the server: everything this feature asks.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { serverNow } from '@/api/clock';
import { get, put } from '@/api/http';
import { newId } from '@/api/ids';
import { type Board, boardKey, emptyBoard, fetchBoard, withAlarm } from '@/api/live';
import type { Alarm, AlarmFull, QueueItemFull, RaisedAlarm, Uuid } from '@/api/types';

/** Socket first; plain HTTP before it is up and every five seconds while it is down. */
export function useBoard(socketIsLive: boolean) {
  const client = useQueryClient();
  return useQuery({
    queryKey: boardKey,
    queryFn: () => fetchBoard(client.getQueryData<Board>(boardKey), serverNow),
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: socketIsLive ? false : 5_000,
  });
}

export function useAlarm(id: Uuid | undefined) {
  return useQuery({
    queryKey: ['alarm', id],
    enabled: id !== undefined,
    queryFn: () => get<AlarmFull>(`/alarms/${id}`),
    placeholderData: (previous) => (previous?.id === id ? previous : undefined),
  });
}

/** The answers behind an alarm stand in its queue item. */
export function useQueueItemOf(alarm: Alarm | undefined) {
  const id = alarm?.queue_item_id ?? undefined;
  return useQuery({
    queryKey: ['queue-item', id],
    enabled: id !== undefined,
    queryFn: () => get<QueueItemFull>(`/queue/${id}`),
  });
}

/** A button press on the console: the same id again and again until the server has it. */
export function useRaiseAlarm() {
  const client = useQueryClient();
  return async (place: string, onTry: (tries: number) => void): Promise<RaisedAlarm> => {
    const id = newId();
    const body = {
      kind: 'button',
      priority: 1,
      place: place === '' ? undefined : place,
      raised_at: new Date(serverNow()).toISOString(),
    };
    for (let tries = 1; ; tries++) {
      try {
        const answer = await put<RaisedAlarm>(`/alarms/${id}`, body, { timeoutMs: 5_000 });
        const { alarm } = answer;
        if (alarm !== undefined) client.setQueryData<Board>(boardKey, (board) => withAlarm(board ?? emptyBoard, alarm));
        return answer;
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'Unreached') throw error;
        onTry(tries);
        await new Promise((resolve) => setTimeout(resolve, 2_000));
      }
    }
  };
}
