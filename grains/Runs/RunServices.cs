using Microsoft.Extensions.Logging;
using SslOrleans.Grains.Lifelines;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Transfer;

namespace SslOrleans.Grains.Runs;

/// <summary>What the silo gives to whoever leads a run.</summary>
internal sealed record RunServices(IGrainFactory Grains, IRunStorage Storage, PayloadStore Payloads, ILifelines Lifelines, LedgerSigner Signer, ILogger Log);
