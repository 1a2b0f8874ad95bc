import { defaultsOf, type Setting, type SettingValues } from '../settings/setting.ts';
import type { ExportFormat, ExportSizes } from './formats/format.ts';
import { EXPORT_FORMATS } from './formats/registry.ts';

/** An export format as it is offered for an adapter. */
interface Offer extends Pick<ExportFormat, 'name' | 'label' | 'summary' | 'losses' | 'job'> {
  readonly bytes: number | null;
  readonly atMost: boolean;
  readonly options: readonly Setting[];
}

/** The formats an adapter can be exported in, each with its size under these options. An option that changes no size is left out. */
export function exportOffers(sizes: ExportSizes, given: SettingValues): Offer[] {
  const possible = EXPORT_FORMATS.filter(({ job }) => job !== 'merge' || sizes.mergeable);
  return possible.map((format) => {
    const { name, label, summary, losses, job, options, atMost = false } = format;
    const values = { ...defaultsOf(options), ...given };
    const bytes = (more: SettingValues = {}): number | undefined => format.bytes(sizes, { ...values, ...more });
    const described = options.filter(
      (option) => option.kind !== 'flag' || bytes({ [option.name]: true }) !== bytes({ [option.name]: false }),
    );
    const told = job === 'export' && sizes.differs !== undefined ? sizes.differs : losses;
    return { name, label, summary, losses: told, job, atMost, bytes: bytes() ?? null, options: described };
  });
}
