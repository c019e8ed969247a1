using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;

namespace SslOrleans.Tests;

/// <summary>
/// Feeds a reader with damaged forms of something that it reads: a result or one of the exceptions that say what is wrong, nothing else,
/// within a second and within a bound of memory. The same numbers give the same inputs; <c>SSLO_FUZZ_LAST=FILE</c> leaves the last one in a file.
/// </summary>
internal static class Fuzz
{
    /// <summary>A few, which are in every run of the suite.</summary>
    public const int Few = 250;

    /// <summary>Many, with <c>--slow</c>.</summary>
    public const int Many = 5000;

    /// <summary>Most bytes of managed memory that reading one input may take.</summary>
    public const long Bound = 64 << 20;

    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(1);

    private static readonly string[] s_words =
        ["-1", "0", "1e999", "-1e308", "9223372036854775808", "NaN", "null", "true", "\"\"", "{}", "[]", "[[[[[[[[", "{{{{", "]", "}", ",", "\"", "\\", "\\u0000", "../../etc/passwd", "\n", "\0", "\uFFFF", "𝔘", "//", "/*", "1.0.0"];

    /// <param name="good">Something that is read well.</param>
    /// <param name="inputs">How many damaged forms of it.</param>
    /// <param name="read">Reads; its results are looked at by nobody.</param>
    /// <param name="refusals">Exceptions that name what is wrong.</param>
    public static void Damage(byte[] good, int inputs, Action<byte[]> read, params Type[] refusals)
    {
        read(good);
        for (var i = 0; i < inputs; i++)
        {
            var number = i;
            var bytes = Damaged(good, new Random(number));
            if (Environment.GetEnvironmentVariable("SSLO_FUZZ_LAST") is { Length: > 0 } last)
                File.WriteAllBytes(last, bytes);
            var seconds = Read(bytes, number);

            // Others compute on this machine too: slow is what is slow twice.
            if (seconds > s_longest && Read(bytes, number) is var again && again > s_longest)
                Assert.Fail($"input {number} of {bytes.Length} bytes took {again.TotalSeconds:F1} s");
        }

        TimeSpan Read(byte[] bytes, int number)
        {
            var (clock, before) = (Stopwatch.StartNew(), GC.GetAllocatedBytesForCurrentThread());
            try
            {
                read(bytes);
            }
            catch (Exception e) when (refusals.Any(r => r.IsInstanceOfType(e)))
            {
                Assert.False(string.IsNullOrWhiteSpace(e.Message), $"input {number}: a {e.GetType().Name} without a word");
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"input {number}: {e.GetType().Name}: {e.Message}", e);
            }

            var taken = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(taken < Bound, $"input {number} of {bytes.Length} bytes took {taken} bytes of memory");
            return clock.Elapsed;
        }
    }

    private static byte[] Damaged(byte[] good, Random random)
    {
        var bytes = good.ToList();
        for (var changes = random.Next(1, 5); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(7))
            {
                case 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 20), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(random.Next(bytes.Count) is var from && from + 64 < bytes.Count ? from : 0, Math.Min(64, bytes.Count)));
                    break;
                case 3:
                    Number(bytes, at, random);
                    break;
                case 4:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(s_words[random.Next(s_words.Length)]));
                    break;
                case 5:
                    Word(bytes, at, random);
                    break;
                default:
                    bytes[at] = (byte)random.Next(256);
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>A length or offset that is none: at the edges of what 2, 4 or 8 bytes can hold.</summary>
    private static void Number(List<byte> bytes, int at, Random random)
    {
        Span<byte> eight = stackalloc byte[8];
        var value = random.Next(6) switch { 0 => 0, 1 => -1, 2 => int.MaxValue, 3 => int.MinValue, 4 => long.MaxValue, _ => random.NextInt64(1 << 30) };
        if (random.Next(2) == 0)
            BinaryPrimitives.WriteInt64LittleEndian(eight, value);
        else
            BinaryPrimitives.WriteInt64BigEndian(eight, value);
        var length = 2 << random.Next(3);
        for (var i = 0; i < length && at + i < bytes.Count; i++)
            bytes[at + i] = eight[i];
    }

    /// <summary>The number or word that stands there becomes another one.</summary>
    private static void Word(List<byte> bytes, int at, Random random)
    {
        static bool IsWord(byte b) => char.IsAsciiLetterOrDigit((char)b) || b is (byte)'.' or (byte)'-' or (byte)'_';
        var end = at;
        while (at > 0 && IsWord(bytes[at - 1]))
            at--;
        while (end < bytes.Count && IsWord(bytes[end]))
            end++;
        bytes.RemoveRange(at, end - at);
        bytes.InsertRange(at, Encoding.UTF8.GetBytes(s_words[random.Next(s_words.Length)]));
    }
}
