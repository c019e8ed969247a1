using System.Buffers.Binary;
using NAudio.Wave;

namespace SslOrleans.Learning.Sounds;

/// <summary>A sound as it lies in a file.</summary>
/// <param name="Rate">Samples a second.</param>
/// <param name="Samples">Mean of the channels, −1 … 1.</param>
public sealed record Sound(int Rate, float[] Samples);

/// <summary>A file is no sound that can be read; the message says why.</summary>
public sealed class UnreadableSoundException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Reads WAV (8, 16, 24 and 32 bits, float) through NAudio and FLAC through libsndfile, by content and not by name.</summary>
public static class SoundDecoder
{
    /// <summary>Sounds beyond this many samples are refused, in case a header lies.</summary>
    private const long MostSamples = 1L << 29;

    /// <summary>A name that is read as a sound.</summary>
    public static bool IsSound(string name) => Path.GetExtension(name).ToLowerInvariant() is ".wav" or ".flac";

    /// <summary>Decodes a file.</summary>
    /// <exception cref="UnreadableSoundException">It is damaged, cut short, of another format, or has no samples.</exception>
    public static Sound Decode(byte[] file)
    {
        try
        {
            var (rate, channels, values) = file.AsSpan().StartsWith("fLaC"u8) ? Sndfile.Read(file) : Wav(file);
            if (channels < 1 || rate < 1 || values.Length < channels)
                throw new UnreadableSoundException("it has no samples");
            return new Sound(rate, Mono(values, channels));
        }
        catch (Exception e) when (e is not (UnreadableSoundException or OutOfMemoryException or DllNotFoundException))
        {
            throw new UnreadableSoundException(e.Message.Split('\n')[0].TrimEnd('.'), e);
        }
    }

    private static (int Rate, int Channels, float[] Values) Wav(byte[] file)
    {
        if (!file.AsSpan().StartsWith("RIFF"u8) && !file.AsSpan().StartsWith("RF64"u8))
            throw new UnreadableSoundException("neither WAV nor FLAC");
        if (Claimed(file) is var (claimed, there) && claimed > there)
            throw new UnreadableSoundException($"it is cut short: {there} of {claimed} bytes");
        using var reader = new WaveFileReader(new MemoryStream(file));
        var format = reader.WaveFormat;
        if (format.BlockAlign < 1 || reader.Length / format.BlockAlign > MostSamples)
            throw new UnreadableSoundException("its header is damaged");
        var values = new float[reader.Length / format.BlockAlign * format.Channels];
        var samples = reader.ToSampleProvider();
        var read = 0;
        for (int got; read < values.Length && (got = samples.Read(values.AsSpan(read))) > 0;)
            read += got;
        return read == values.Length
            ? (format.SampleRate, format.Channels, values)
            : throw new UnreadableSoundException($"it is cut short: {read / format.Channels} of {values.Length / format.Channels} samples");
    }

    /// <summary>Bytes that the data chunk says it has, and those that are there; a stream's, whose length nobody knew, says 2³² − 1.</summary>
    private static (long Claimed, long There) Claimed(ReadOnlySpan<byte> file)
    {
        for (var at = 12L; at + 8 <= file.Length;)
        {
            var size = BinaryPrimitives.ReadUInt32LittleEndian(file[(int)(at + 4)..]);
            if (file.Slice((int)at, 4).SequenceEqual("data"u8))
                return size == uint.MaxValue ? (0, 0) : (size, file.Length - at - 8);
            at += 8 + size + (size & 1);
        }

        throw new UnreadableSoundException("its header is damaged");
    }

    private static float[] Mono(float[] values, int channels)
    {
        if (channels == 1)
            return values;
        var mono = new float[values.Length / channels];
        for (var i = 0; i < mono.Length; i++)
        {
            var sum = 0f;
            for (var c = 0; c < channels; c++)
                sum += values[(i * channels) + c];
            mono[i] = sum / channels;
        }

        return mono;
    }
}
