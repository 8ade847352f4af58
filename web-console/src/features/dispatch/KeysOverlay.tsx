// All keys of the board, read from the same commands that the keys run.
import { useText } from '@/i18n/text';
import { Dialog } from '@/ui/Dialog';
import { type BoardContext, boardCommands, keyLabel } from './commands';

export function KeysOverlay({
  context,
  extra,
  onClose,
}: {
  context: BoardContext;
  extra: { key: string; label: string }[];
  onClose: () => void;
}) {
  const text = useText();
  return (
    <Dialog title={text.dispatch.allKeys} onClose={onClose} wide>
      <ul className="keys-list">
        {boardCommands.map((command) => (
          <li key={command.id} className="keys-row">
            <kbd className="kbd">{keyLabel(command, text)}</kbd>
            {command.label(context)}
          </li>
        ))}
        {extra.map((row) => (
          <li key={row.key + row.label} className="keys-row">
            <kbd className="kbd">{row.key}</kbd>
            {row.label}
          </li>
        ))}
        <li className="keys-row">
          <kbd className="kbd">Esc</kbd>
          {text.dispatch.escKey}
        </li>
        <li className="keys-row">
          <kbd className="kbd">F6</kbd>
          {text.dispatch.nextRegion}
        </li>
      </ul>
      <p className="muted small">{text.dispatch.keysInText}</p>
      <div className="dialog-foot">
        <button type="button" className="btn btn-primary" onClick={onClose}>
          {text.dispatch.backToBoard}
        </button>
      </div>
    </Dialog>
  );
}
