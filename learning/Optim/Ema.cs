using System.Numerics;

namespace SslOrleans.Learning.Optim;

/// <summary>The exponential moving average that a teacher is: <c>θt ← ξ·θt + (1−ξ)·θs</c> (cookbook §2.3, K19).</summary>
public static class Ema
{
    /// <summary>Element-wise, so a worker's copy and the teacher grain's have the same bits.</summary>
    public static void Update(Span<float> teacher, ReadOnlySpan<float> student, double momentum)
    {
        var (keep, take) = ((float)momentum, (float)(1 - momentum));
        var i = 0;
        for (; i <= teacher.Length - Vector<float>.Count; i += Vector<float>.Count)
            ((keep * new Vector<float>(teacher[i..])) + (take * new Vector<float>(student[i..]))).CopyTo(teacher[i..]);
        for (; i < teacher.Length; i++)
            teacher[i] = (keep * teacher[i]) + (take * student[i]);
    }
}
