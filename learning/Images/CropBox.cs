namespace SslOrleans.Learning.Images;

/// <summary>A rectangle of pixels in the source image. Of a padded crop it may reach over the edges.</summary>
public readonly record struct CropBox(int Left, int Top, int Width, int Height);
