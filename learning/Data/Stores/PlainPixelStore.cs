using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Data.Stores;

/// <summary>Images that lie in the data as plain pixels: nothing to decode, and no reason to keep a second copy.</summary>
internal abstract class PlainPixelStore : SampleStore
{
    public override bool KeepDecoded => false;

    /// <summary>Others may want to send the image: as a PNG, which loses nothing.</summary>
    public override ReadOnlySpan<byte> Encoded(int index, ref byte[] scratch)
    {
        var image = new RgbImage();
        Decode(index, image, new SourceOptions(), ref scratch);
        return ImageEncoder.Png(image);
    }
}
