import { Icon, type IconName } from './icons';

/** A sign without words beside an entry of a list; its name for readers of the screen, and as a tooltip. */
export function SmallButton({ icon, label, name, onPress }: { icon: IconName; label: string; name: string; onPress: () => void }) {
  return (
    <button type="button" class="remove" title={label} aria-label={label} data-testid={name} onClick={onPress}>
      <Icon name={icon} />
    </button>
  );
}
