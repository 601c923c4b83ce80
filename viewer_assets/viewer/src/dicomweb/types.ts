/** `GET /dicom-web/studies/{study}/overview` (docs/architecture.md). Text is hostile: show it as text. */
export interface Overview {
  study: StudySummary;
  series: SeriesSummary[];
}

export interface StudySummary {
  uid: string;
  /** ISO date or null. */
  date: string | null;
  time: string | null;
  description: string;
  patient_name: string;
  patient_id: string;
  patient_sex: string;
  patient_birth_date: string | null;
  accession_number: string;
  hospital: string;
  anonymous: boolean;
  /** Instances left out because a name may be burned in. */
  withheld: number;
}

export interface SeriesSummary {
  uid: string;
  number: number | null;
  modality: string;
  description: string;
  body_part: string;
  instance_count: number;
  frame_count: number;
  representative: string;
  sop_class: string;
  /** Transfer syntax UID of the representative. */
  transfer_syntax: string;
  viewable: boolean;
}

/** One element of the DICOM JSON model (PS3.18 F.2). */
export interface Element {
  vr: string;
  Value?: unknown[];
  InlineBinary?: string;
  BulkDataURI?: string;
}

export type Dataset = Record<string, Element | undefined>;

export interface Frame {
  bytes: Uint8Array;
  transferSyntax: string;
}
