using System.Buffers.Binary;
using System.Diagnostics;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace SslOrleans.Build;

/// <summary>
/// TorchSharp's managed library. Its methods read a native handle from a <c>Scalar</c> or a <c>Tensor</c> and call libtorch with it, and
/// nothing keeps that object alive during the call. In optimised code a garbage collection on another thread may finalise it meanwhile,
/// and libtorch then computes with freed memory. Code that says it is for a debugger keeps every argument alive until its method returns,
/// so the adapted copy says so (docs/decisions/018). No instruction changes.
/// </summary>
public static class TorchSharpAssembly
{
    private const DebuggableAttribute.DebuggingModes KeepsArguments
        = DebuggableAttribute.DebuggingModes.Default | DebuggableAttribute.DebuggingModes.DisableOptimizations;

    /// <summary>What precedes the modes in the attribute's value (ECMA-335 II.23.3): its prolog.</summary>
    private const int Prolog = 2;

    /// <summary>Prolog, modes, number of named arguments.</summary>
    private const int ValueLength = Prolog + sizeof(int) + 2;

    /// <summary>Puts the adapted copy at <paramref name="target"/>.</summary>
    /// <param name="source">The package's file.</param>
    /// <param name="target">Where it goes; replaced in one move, so that a running program keeps what it has loaded.</param>
    /// <exception cref="InvalidDataException">There is no file, or it does not say how it is to be compiled.</exception>
    public static void Provide(string source, string target)
    {
        var adapted = Adapt(Package.Read(source));
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(target))!);
        var made = $"{target}.{Environment.ProcessId}";
        File.WriteAllBytes(made, adapted);
        File.Move(made, target, overwrite: true);
    }

    /// <summary>A copy whose methods keep their arguments alive.</summary>
    /// <exception cref="InvalidDataException">It has no <see cref="DebuggableAttribute"/> of the form that compilers write.</exception>
    public static byte[] Adapt(byte[] assembly)
    {
        using var file = new PEReader(new MemoryStream(assembly, writable: false));
        var modes = MetadataStart(file) + Modes(file.GetMetadataReader());
        var adapted = (byte[])assembly.Clone();
        var bytes = adapted.AsSpan(modes, sizeof(int));
        BinaryPrimitives.WriteInt32LittleEndian(bytes, BinaryPrimitives.ReadInt32LittleEndian(bytes) | (int)KeepsArguments);
        return adapted;
    }

    private static int MetadataStart(PEReader file)
    {
        try
        {
            if (file.HasMetadata)
                return file.PEHeaders.MetadataStartOffset;
        }
        catch (BadImageFormatException)
        {
        }

        throw new InvalidDataException("the file is no assembly; delete the package's folder and build again.");
    }

    /// <summary>Where the modes stand, in bytes from the start of the metadata.</summary>
    private static int Modes(MetadataReader metadata)
    {
        foreach (var handle in metadata.GetAssemblyDefinition().GetCustomAttributes())
        {
            var attribute = metadata.GetCustomAttribute(handle);
            if (Name(metadata, attribute) != nameof(DebuggableAttribute))
                continue;
            if (metadata.GetBlobBytes(attribute.Value).Length != ValueLength)
                break;
            // A blob of less than 128 bytes has a length of one byte before it.
            return metadata.GetHeapMetadataOffset(HeapIndex.Blob) + metadata.GetHeapOffset(attribute.Value) + 1 + Prolog;
        }

        throw new InvalidDataException("the assembly does not say by DebuggableAttribute(DebuggingModes) how it is to be compiled, and its methods would not keep their arguments alive during native calls; use TorchSharp 0.107.0.");
    }

    private static string? Name(MetadataReader metadata, CustomAttribute attribute)
        => attribute.Constructor.Kind == HandleKind.MemberReference && metadata.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent is { Kind: HandleKind.TypeReference } type
            ? metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)type).Name)
            : null;
}
