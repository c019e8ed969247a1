Console.WriteLine("sslo");
