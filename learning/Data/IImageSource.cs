using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Data;

/// <summary>
/// A fixed, ordered set of images. The index of an image is its sample id: the same on every worker that opens the same data,
/// which <see cref="Fingerprint"/> checks. Safe for any number of threads.
/// </summary>
public interface IImageSource : IDisposable
{
    /// <summary>Path and split, for messages.</summary>
    string Name { get; }

    /// <summary>Images in the source, at least 1.</summary>
    int Count { get; }

    /// <summary>Names of the classes in label order; empty when nothing names them.</summary>
    IReadOnlyList<string> Classes { get; }

    /// <summary>
    /// 64 hexadecimal digits over kind, shard names and sizes, and every sample's key, place and label.
    /// Two workers with the same fingerprint see the same images under the same ids.
    /// </summary>
    string Fingerprint { get; }

    /// <summary>Oddities found while opening that stop nothing: files that are no images, classes without images.</summary>
    IReadOnlyList<string> Notes { get; }

    /// <summary>Images that did not decode so far, with the reason; each was replaced (<see cref="Resolve"/>).</summary>
    IReadOnlyDictionary<int, string> Undecodable { get; }

    /// <summary>
    /// The decoded image. An image that does not decode is replaced by the next one that does (index + 1, + 2, …, around the end),
    /// so that the result is a function of the data alone.
    /// </summary>
    /// <param name="index">Sample id, 0 … Count−1.</param>
    /// <param name="reuse">
    /// Memory for the pixels. The result is this object, refilled, when the source does not keep the image, and a shared one otherwise.
    /// </param>
    /// <exception cref="Contracts.UserErrorException">More than 1 % of the images do not decode, or the file changed since opening.</exception>
    RgbImage Read(int index, RgbImage? reuse = null);

    /// <summary>The sample whose image <see cref="Read"/> gives for this index: the index itself, unless its image does not decode.</summary>
    int Resolve(int index);

    /// <summary>The encoded image (JPEG, PNG or TIFF) as it lies in the data; sources without encoding answer with a PNG.</summary>
    byte[] ReadEncoded(int index);

    /// <summary>
    /// Class of the image, 0 … classes−1, or null without labels. Of an image that <see cref="Read"/> replaced, the replacement's.
    /// </summary>
    int? Label(int index);

    /// <summary>Caption, where the data has one; each line is one of the sample's captions.</summary>
    string? Caption(int index);

    /// <summary>Name of the sample in the data: shard and key, or the file's relative path. Unique in the source.</summary>
    string Key(int index);
}
