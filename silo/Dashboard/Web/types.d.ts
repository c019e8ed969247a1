// Types of what the silo sends; used by the type check only (see vendor.sh).
export interface WorkerInfo { name: string; silo: string; life: string; device: string; numericsClass: string; processId: number; machine: string }
export interface WorkerShare { worker: WorkerInfo; state: string; microBatches: number; microBatchesPerSecond: number; lastSeen: string }
export interface RunStatus {
  run: string; phase: string; method: string; step: number; totalSteps: number; epoch: number; loss: number | null; learningRate: number;
  imagesPerSecond: number; dataWaitShare: number; weightsHash: string; message: string; workers: WorkerShare[]; lastCheckpoint: number;
  probes: Record<string, number>;
}
export interface ClusterState { time: string; silo: string; runs: RunStatus[]; workers: WorkerInfo[]; problem: string | null }
export interface StoredRun { run: string; method: string; backbone: string; created: string; steps: number; hash: string; loss: number | null; lastCommit: string | null }
export interface RunList { runs: StoredRun[]; active: string[]; broken: { run: string; problem: string }[] }
export interface RunEvent { sequence: number; kind: string; step: number; time: string; text: string; worker: string | null; values: Record<string, number | null> }
export interface News { run: string; steps: { step: number; values: Record<string, number | null> }[]; events: RunEvent[] }
export interface CurvePoints { steps: number[]; values: (number | null)[]; of: number }
export interface Curves { run: string; names: string[]; curves: Record<string, CurvePoints> }
export interface LeaseSpan {
  id: number; change: number; step: number; worker: string; microBatches: string[]; second: boolean; begin: string; encoded: string | null;
  resumed: string | null; end: string | null; outcome: 'open' | 'done' | 'notNeeded' | 'lost';
}
export interface Leases { run?: string; now: string; spans: LeaseSpan[] }
export interface RecipeRows { run: string; base: string; rows: { key: string; value: string; base: string | null }[] }
export interface LedgerState {
  time: string; verdict: string; exact: boolean; chain: string; hash: string; checkpoints: number[]; seconds: number;
  audit: { steps: number; positions: number; lost: number; twice: number; wastedMicroBatches: number; problem: string | null;
    epochs: { epoch: number; used: number; lost: number; twice: number; isComplete: boolean }[] };
}
export interface SiloRow {
  name: string; address: string; status: string; started: string; processorShare: number; activations: Record<string, number>;
  meters: { processId: number; uptimeSeconds: number; workingSet: number; managedHeap: number } | null;
}
export interface GrainsState { time: string; silos: SiloRow[]; activations: { type: string; key: string; silo: string }[]; cut: boolean }
export interface GrainFacts { type: string; key: string; state: Record<string, any> | null }
export interface Session { mayAct: boolean; mayRead: boolean; guard: string | null }

declare global {
  const uPlot: any;
}
