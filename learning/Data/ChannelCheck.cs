using SslOrleans.Contracts;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Data;

/// <summary>Images with more channels than red, green and blue, of which nobody has said which to use: refused before a training and not image by image.</summary>
public static class ChannelCheck
{
    /// <summary>Images that are looked at, evenly over the set.</summary>
    private const int Sample = 8;

    /// <param name="source">The images.</param>
    /// <param name="channels">What the recipe says in <c>data.channels</c>; null: nothing.</param>
    /// <exception cref="UserErrorException">Every image that is looked at has channels that do not fit.</exception>
    public static void Check(IImageSource source, IReadOnlyList<int>? channels)
    {
        var reason = "";
        var image = new RgbImage();
        var count = Math.Min(Sample, source.Count);
        for (var i = 0; i < count; i++)
        {
            var encoded = source.ReadEncoded((int)((long)i * source.Count / count));
            if (channels is null && !TiffDecoder.IsTiff(encoded))
                return;
            try
            {
                ImageDecoder.Decode(encoded, image, bits: 16, channels: channels);
                return;
            }
            catch (UndecodableImageException e) when (e.Message.Contains("data.channels", StringComparison.Ordinal))
            {
                reason = e.Message;
            }
            catch (UndecodableImageException)
            {
                return;
            }
        }

        throw new UserErrorException($"{source.Name}: {reason}.") { Reason = RefusalReason.Data };
    }
}
